import { writeFileSync } from "node:fs";
import { Argument, Command, InvalidArgumentError } from "commander";
import { mustRun } from "../demo/command";
import { deployments } from "./deployments";
import type { Figure } from "./figure";
import { machine, pageOf, performancePage, tableOf } from "./page";
import { command, npmRun, secondsOf } from "./process";
import { synthesis } from "./synthesis";

/** One run of a script of package.json, which may take so many seconds. */
const oneRun = (script: string, most: number) => async (): Promise<readonly Figure[]> => [
  { name: `\`npm run ${script}\``, unit: "s", values: [await secondsOf(npmRun(script))], most },
];

/** The measurements, by the name of a group of figures. */
const groups = {
  synthesis,
  deployments,
  demo: oneRun("demo", 180),
  tests: oneRun("test:unit", 40),
};
type Group = keyof typeof groups;
const names = Object.keys(groups) as Group[];

interface Options {
  readonly all: boolean;
  readonly write: boolean;
  readonly runs: number;
}

async function bench(chosen: readonly Group[], { all, write, runs }: Options): Promise<void> {
  const wanted = all ? names : chosen.length > 0 ? chosen : (["synthesis"] as const);
  if (write && wanted.length < names.length) {
    throw new InvalidArgumentError("--write needs all figures: add --all.");
  }
  const terraform = await versionOfTerraform();
  const figures: Figure[] = [];
  try {
    for (const group of wanted) {
      console.error(`Measuring ${group} …`);
      figures.push(...(await groups[group](runs)));
    }
  } finally {
    // Also when the next group fails, after a quarter of an hour.
    console.log(`${tableOf(figures)}\n\n${machine(terraform)}`);
  }
  if (write) {
    writeFileSync(performancePage, pageOf(figures, runs, terraform));
    console.error(`Written to ${performancePage}.`);
  }
}

async function versionOfTerraform(): Promise<string> {
  const said = await mustRun(command("terraform", ["version", "-json"], { TF_CLI_CONFIG_FILE: "" }));
  return (JSON.parse(said) as { readonly terraform_version: string }).terraform_version;
}

const program = new Command("bench")
  .description("Measures how long whole processes take, and compares that with the project's goals.")
  .addArgument(new Argument("[group...]", "the figures to measure (default: synthesis)").choices(names))
  .option("--all", "measure everything, in twenty minutes", false)
  .option("--write", `write ${performancePage}, with --all`, false)
  .option("--runs <number>", "runs of everything that takes seconds; the median counts", number, 5)
  .action((chosen: Group[], options: Options) =>
    bench(chosen, options).catch((error: unknown) => {
      if (error instanceof InvalidArgumentError) {
        program.error(error.message);
      }
      throw error;
    }),
  );

function number(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) {
    throw new InvalidArgumentError("It must be a number from 1 to 99.");
  }
  return Number(text);
}

void program.parseAsync();
