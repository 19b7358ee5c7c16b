import { type MotoClient, MotoError, textsOf } from "./moto-client";

/** A statement of a policy, as far as it is modelled: with `Action` and `Resource`, and without conditions. */
type Statement = {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
};

const modelled = ["Sid", "Effect", "Action", "Resource"];

/**
 * Whether the role's own and attached policies let it do this: one allows it, and none denies it. A role that there
 * isn't may do nothing. Source: IAM User Guide, "Policy evaluation logic".
 * @throws Error for a statement with a member that is not modelled
 */
export async function isPermitted(
  moto: MotoClient,
  role: string,
  { action, resource }: { readonly action: string; readonly resource: string },
): Promise<boolean> {
  const statements = await statementsOf(moto, role);
  const concerned = statements.filter(
    ({ Action, Resource }) => matches(Action, action, "i") && matches(Resource, resource, ""),
  );
  return (
    concerned.some(({ Effect }) => Effect === "Allow") && !concerned.some(({ Effect }) => Effect === "Deny")
  );
}

async function statementsOf(moto: MotoClient, role: string): Promise<Statement[]> {
  const RoleName = role;
  try {
    const own = textsOf(await moto.iam("ListRolePolicies", { RoleName }), "member").map((PolicyName) =>
      moto.iam("GetRolePolicy", { RoleName, PolicyName }),
    );
    const attached = textsOf(await moto.iam("ListAttachedRolePolicies", { RoleName }), "PolicyArn").map(
      async (PolicyArn) => {
        const [VersionId = ""] = textsOf(await moto.iam("GetPolicy", { PolicyArn }), "DefaultVersionId");
        return moto.iam("GetPolicyVersion", { PolicyArn, VersionId });
      },
    );
    return (await Promise.all([...own, ...attached])).flatMap((answer) =>
      [...textsOf(answer, "PolicyDocument"), ...textsOf(answer, "Document")].flatMap(readStatements),
    );
  } catch (error) {
    if (error instanceof MotoError && error.code === "NoSuchEntity") {
      return [];
    }
    throw error;
  }
}

/** Reads a document as IAM answers it: JSON, encoded as in a URL. */
function readStatements(document: string): Statement[] {
  const { Statement } = JSON.parse(decodeURIComponent(document)) as { Statement: Statement | Statement[] };
  const statements = [Statement].flat();
  for (const member of statements.flatMap(Object.keys)) {
    if (!modelled.includes(member)) {
      throw new Error(`${member} in a policy's statement is not modelled by the local cloud.`);
    }
  }
  return statements;
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
