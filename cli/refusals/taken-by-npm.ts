import type { Option } from "commander";

/** npm's settings that our options abbreviate. Their values there have no slash. Source: npm's documentation, "config". */
const abbreviated: Readonly<Record<string, string>> = { replace: "replace-registry-host" };

/**
 * Whether npm has taken options of a command, and how to give them: npm takes all that are before `--` as its own, and
 * passes them to the script only as variables. The command would go on without them.
 *
 * @param name of the command, and so of npm's script
 */
export function takenByNpm(
  name: string,
  options: readonly Option[],
  variables: NodeJS.ProcessEnv,
): string | undefined {
  if (variables["npm_lifecycle_event"] !== name) {
    return undefined;
  }
  const setting = (key: string) => variables[`npm_config_${key.replaceAll("-", "_")}`];
  const taken = options.flatMap(({ long, flags }) => {
    const key = long?.slice("--".length) ?? "";
    const whole = setting(abbreviated[key] ?? "");
    const value = setting(key) ?? (whole?.includes("/") === true ? whole : undefined);
    return value === undefined ? [] : [{ long, words: value === "true" ? flags : `${long ?? ""} ${value}` }];
  });
  return taken.length === 0
    ? undefined
    : `npm has taken ${taken.map(({ long }) => long).join(" and ")} as its own: ` +
        `write "npm run ${name} -- ${taken.map(({ words }) => words).join(" ")}".`;
}
