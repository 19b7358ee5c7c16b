/** The exec form is a JSON array; anything else is a line for the shell. */
export function words(rest: string): readonly string[] {
  if (!rest.startsWith("[")) {
    return ["/bin/sh", "-c", rest];
  }
  const value: unknown = JSON.parse(rest);
  if (!Array.isArray(value) || !value.every((word) => typeof word === "string")) {
    throw new Error(`Dockerfile: not a list of texts: ${rest}`);
  }
  return value;
}

/** Variables after an ENV, whose values may name those before it. */
export function variables(
  rest: string,
  known: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, name = "", text = ""] = /^([A-Za-z_]\w*)\s+(.+)$/.exec(rest) ?? [];
  const pairs: (readonly [string, string])[] =
    name === ""
      ? Array.from(
          rest.matchAll(/([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:\\.|[^\s\\])*)/g),
          ([, variable = "", value = ""]) => [variable, unquoted(value)],
        )
      : [[name, text]];
  const expanded = pairs.map(([variable, value]) => [
    variable,
    value.replaceAll(/\$(?:\{(\w+)\}|(\w+)|(.?))/g, (_, braced?: string, bare?: string) => {
      const found = known[braced ?? bare ?? ""];
      if (found === undefined) {
        throw new Error(`Dockerfile: a variable inside ENV is not modelled: ${variable}=${value}`);
      }
      return found;
    }),
  ]);
  return { ...known, ...(Object.fromEntries(expanded) as Record<string, string>) };
}

function unquoted(value: string): string {
  if (value.startsWith("'")) {
    return value.slice(1, -1);
  }
  return (value.startsWith('"') ? value.slice(1, -1) : value).replaceAll(/\\(.)/g, "$1");
}
