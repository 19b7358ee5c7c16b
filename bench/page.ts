import { availableParallelism, totalmem } from "node:os";
import { isMet, median, type Figure } from "./figure";

const page = "docs/performance.md";
export { page as performancePage };

/** The figures as a Markdown table, each with the median, the least and the most of its runs. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, unit, values, most } = figure;
    const noise =
      values.length === 1 ? "one run" : `${text(Math.min(...values))} to ${text(Math.max(...values))}`;
    return [name, shown(median(values), unit), noise, `≤ ${shown(most, unit)}`, isMet(figure) ? "yes" : "no"];
  });
  const all = [["Figure", "Measured", "Least to most", "Target", "Met"], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...others] = all;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...others.map(line)].join("\n");
}

/** The computer on which it was measured. */
export function machine(terraform: string): string {
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores, ${gibibytes} GiB, Node.js ${process.version.slice(1)}, Terraform ${terraform}`;
}

/** The page with the last measurements. */
export function pageOf(figures: readonly Figure[], runs: number, terraform: string): string {
  const [date] = new Date().toISOString().split("T");
  return `# How fast it is

\`npm run bench -- --all --write\` wrote this page on ${date}, on ${machine(terraform)}.

${tableOf(figures)}

Each figure is the time that you wait for a whole process: the median of ${runs} runs. They were taken in turn, so that
anything else that the computer did slowed all of them. A ratio compares two runs of the same round. The range from the
least to the most is noise. Deployments are in the local cloud, with the AWS provider's whole schema; machines boot in seconds
there, and Terraform has two cores for itself. In real clouds most of the time is spent waiting for machines and load balancers.

- **The bare plans** are \`terraform plan\` for each stack: one level of stacks after the other for a deploy, all at once for
  a diff, at most four at the same time, like our commands here.
- **A deploy or a diff with nothing to do** runs Terraform once for its version, once for each state and once for each
  plan. A stack is initialised only when its backend, its providers or its lock file have changed since.
- **Most of a plan** goes into starting the AWS provider, three times, and reading its schema: three seconds of
  CPU time. Our commands run Terraform with \`GOGC=400\`, which saves a sixth of that for 200 MB more; if you set it
  yourself, your value is kept.

\`npm run bench\` measures the synthesis alone, in half a minute; \`npm run bench -- deployments\` takes a quarter of an hour.
`;
}

const text = (value: number): string => value.toFixed(2);
const shown = (value: number, unit: Figure["unit"]): string =>
  unit === "s" ? `${text(value)} s` : `${text(value)} ×`;
