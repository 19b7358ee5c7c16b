/** A statement of a policy, as far as it is modelled. */
export type Statement = {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: { readonly Service?: string | readonly string[] };
  /** Values by operator and key. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

/** A call that policies decide about. */
export interface Asked {
  readonly action: string;
  /** ARN of its resource; a trust policy has none. */
  readonly resource?: string;
  /** Values of condition keys. */
  readonly context?: Readonly<Record<string, string>>;
}

const modelled = ["Sid", "Effect", "Action", "Resource", "Principal", "Condition"];

/**
 * Reads a document as IAM answers it: JSON, encoded as in a URL.
 * @throws Error for a statement with a member that is not modelled
 */
export function readStatements(document: string): Statement[] {
  const { Statement } = JSON.parse(decodeURIComponent(document)) as { Statement: Statement | Statement[] };
  const statements = [Statement].flat();
  for (const member of statements.flatMap(Object.keys)) {
    if (!modelled.includes(member)) {
      throw new Error(`${member} in a policy's statement is not modelled by the local cloud.`);
    }
  }
  return statements;
}

/** Whether one of the statements allows a call, and none denies it. Source: IAM User Guide, "Policy evaluation logic". */
export function allows(statements: readonly Statement[], { action, resource, context = {} }: Asked): boolean {
  const concerned = statements.filter(
    ({ Action, Resource, Condition = {} }) =>
      matches(Action, action, "i") &&
      (resource === undefined || matches(Resource, resource, "")) &&
      Object.entries(Condition).every(([operator, keys]) => holds(operator, keys, context)),
  );
  return (
    concerned.some(({ Effect }) => Effect === "Allow") && !concerned.some(({ Effect }) => Effect === "Deny")
  );
}

/**
 * Whether every key has one of its values. Names of keys are case-insensitive.
 * @throws Error for an operator, or a key whose value isn't known, since then neither answer is right
 */
function holds(
  operator: string,
  keys: Readonly<Record<string, string | readonly string[]>>,
  context: Readonly<Record<string, string>>,
): boolean {
  const values = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(keys).every(([key, wanted]) => {
    const value = values.get(key.toLowerCase());
    if (value === undefined) {
      throw new Error(`The condition key ${key} is not modelled by the local cloud.`);
    }
    switch (operator) {
      case "StringEquals":
        return [wanted].flat().includes(value);
      case "StringLike":
      case "ArnEquals":
      case "ArnLike":
        return matches(wanted, value, "");
      default:
        throw new Error(`The condition operator ${operator} is not modelled by the local cloud.`);
    }
  });
}

/** `*` stands for any text, `?` for any character. */
function matches(patterns: string | readonly string[] = [], text: string, flags: string): boolean {
  return [patterns].flat().some((pattern) => {
    const expression = pattern
      .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${expression}$`, flags).test(text);
  });
}
