import { settings, type Setting } from "./settings";

const marker = /^<!-- settings of (.*) -->$/gm;
const tables = /^(<!-- settings of (.*) -->)\n(?:\n(?:\|.*\n)+)?/gm;

/**
 * The page with the table of settings below each `<!-- settings of … -->` made anew. A table holds the settings below
 * the path that it names, by the rest of their paths, but for those of a table with a longer path. With two paths, as in
 * `services.<name> and jobs.<name>`, it holds the settings that are alike in both.
 *
 * @throws Error when the page leaves a setting out
 */
export function configurationPage(page: string): string {
  const places = [...page.matchAll(marker)].map(([, place = ""]) => place);
  const rest = new Map(settings().map((setting) => [setting.path, setting]));
  const rows = new Map(
    places.toSorted(byLength).map((place) => [place, rowsOf(pathsOf(place), rest)] as const),
  );
  if (rest.size > 0) {
    throw new Error(`no table for ${[...rest.keys()].join(", ")}`);
  }
  return page.replace(tables, (_, head: string, place: string) =>
    [head, "", "| Setting | Default | Meaning |", "| --- | --- | --- |", ...(rows.get(place) ?? []), ""].join(
      "\n",
    ),
  );
}

/** The longest path first, and of the same length a pair first. */
const byLength = (one: string, other: string): number =>
  pathsOf(other)[0].length - pathsOf(one)[0].length || pathsOf(other).length - pathsOf(one).length;

/** Those of a place; that of the whole file is empty. */
function pathsOf(place: string): readonly [string, ...string[]] {
  const [first = "", ...others] = place.split(" and ");
  return [first === "the file" ? "" : first, ...others];
}

/** Takes the settings of a place out of those that are left. */
function rowsOf([inside, second]: ReturnType<typeof pathsOf>, rest: Map<string, Setting>): string[] {
  return [...rest.values()].flatMap((setting) => {
    const name = setting.path.startsWith(inside) ? setting.path.slice(inside.length).replace(/^\./, "") : "";
    const other = second === undefined ? setting : rest.get(setting.path.replace(inside, second));
    if (name === "" || other === undefined || row(name, other) !== row(name, setting)) {
      return [];
    }
    rest.delete(setting.path);
    rest.delete(other.path);
    return [row(name, setting)];
  });
}

function row(name: string, { default: value, required, meaning }: Setting): string {
  const preset = value === undefined ? (required ? "required" : "") : `\`${JSON.stringify(value)}\``;
  return `| \`${name}\` | ${preset} | ${meaning} |`;
}
