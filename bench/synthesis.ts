import { rmSync } from "node:fs";
import { join } from "node:path";
import { environmentFile, folder, type Size } from "./environments";
import { inTurn, ratios, type Figure } from "./figure";
import { command, npmRun, secondsOf } from "./process";

/** How long a synthesis takes, and how that grows with its size. */
export async function synthesis(runs: number): Promise<readonly Figure[]> {
  const variablesOf = (name: string, size: Size) => ({
    ANYWHERE_ENV: environmentFile(name, size),
    CDKTF_OUTDIR: join(folder, "synthesised"),
  });
  const app = (variables: NodeJS.ProcessEnv) => () =>
    secondsOf(command(process.execPath, ["bundle/run.js", "main.ts"], variables));
  const small = variablesOf("small", { sites: 1, nodes: 2, services: 1 });
  const measured = {
    nothing: () => secondsOf(command(process.execPath, ["-e", "0"])),
    small: app(small),
    many: app(variablesOf("many", { sites: 1, nodes: 500, services: 1 })),
    wide: app(variablesOf("wide", { sites: 10, nodes: 100, services: 1 })),
    command: () => secondsOf(npmRun("synth", [], small)),
  };
  rmSync(join(folder, "synthesised"), { recursive: true, force: true });
  // Bundles are built, and output folders are made.
  const { nothing, ...all } = await inTurn(runs, measured, () => inTurn(1, measured));
  return [
    { name: "app synth, one site of two nodes", unit: "s", values: all.small, most: 0.35 },
    { name: "the same ÷ `node -e 0`", unit: "×", values: ratios(all.small, nothing), most: 5 },
    { name: "`npm run synth`", unit: "s", values: all.command, most: 0.65 },
    { name: "synth of 500 nodes ÷ of 2", unit: "×", values: ratios(all.many, all.small), most: 1.1 },
    {
      name: "synth of 10 sites of 100 nodes ÷ of 1 of 2",
      unit: "×",
      values: ratios(all.wide, all.small),
      most: 1.5,
    },
  ];
}
