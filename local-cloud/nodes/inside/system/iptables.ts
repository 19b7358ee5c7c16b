/** A stand-in program's output and exit code. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

export const succeeded: Outcome = { code: 0, output: "" };

/** The rules of one address family, in memory: a reboot forgets them. Only what scripts use is modelled. */
export function createIptables(program: string): (parameters: readonly string[]) => Outcome {
  const tables = new Map<string, Map<string, string[]>>();
  const fail = (message: string, code = 1): Outcome => ({ code, output: `${program}: ${message}\n` });

  return (parameters) => {
    const { table, words } = withoutGeneralOptions(parameters);
    const chains = tables.get(table) ?? new Map(["INPUT", "FORWARD", "OUTPUT"].map((chain) => [chain, []]));
    tables.set(table, chains);
    const [command = "", chain = "", ...rest] = words;
    if (command === "-N") {
      return chains.has(chain) ? fail("Chain already exists.") : (chains.set(chain, []), succeeded);
    }
    const rules = chains.get(chain);
    if (rules === undefined) {
      return fail("No chain/target/match by that name.");
    }
    const position = command === "-I" && /^\d+$/.test(rest[0] ?? "") ? Number(rest.shift()) : 1;
    const rule = rest.join(" ");
    const index = rules.indexOf(rule);
    switch (command) {
      case "-C":
        return index === -1 ? fail("Bad rule (does a matching rule exist in that chain?).") : succeeded;
      case "-A":
        rules.push(rule);
        return succeeded;
      case "-I":
        rules.splice(position - 1, 0, rule);
        return succeeded;
      case "-D":
        return index === -1
          ? fail("Bad rule (does a matching rule exist in that chain?).")
          : (rules.splice(index, 1), succeeded);
      case "-F":
        rules.length = 0;
        return succeeded;
      case "-S":
      case "-L":
        return { code: 0, output: rules.map((line) => `-A ${chain} ${line}\n`).join("") };
      default:
        return fail(`not modelled: ${parameters.join(" ")}`, 2);
    }
  };
}

const shortForms: Readonly<Record<string, string>> = {
  "--new-chain": "-N",
  "--check": "-C",
  "--append": "-A",
  "--insert": "-I",
  "--delete": "-D",
  "--flush": "-F",
  "--list-rules": "-S",
  "--list": "-L",
};

function withoutGeneralOptions(parameters: readonly string[]): { table: string; words: string[] } {
  let table = "filter";
  const words: string[] = [];
  for (let index = 0; index < parameters.length; index += 1) {
    const parameter = parameters[index] ?? "";
    if (parameter === "-w" || parameter === "--wait") {
      index += /^\d+$/.test(parameters[index + 1] ?? "") ? 1 : 0;
    } else if (parameter === "-t" || parameter === "--table") {
      index += 1;
      table = parameters[index] ?? "";
    } else if (parameter !== "-n") {
      words.push(shortForms[parameter] ?? parameter);
    }
  }
  return { table, words };
}
