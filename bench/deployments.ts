import { openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readStacks, type Stack } from "../cli/terraform/stacks";
import { mustRun } from "../demo/command";
import { startLocalCloud, type LocalCloud } from "../local-cloud/start";
import { environmentFile, folder, image, type Size } from "./environments";
import { inTurn, ratios, type Figure } from "./figure";
import { command, npmRun, secondsOf, timed } from "./process";

/** How many Terraform processes run at the same time, for our commands and for the bare plans. */
const parallel = 4;

/** How long deployments in the local cloud take; those that take minutes are measured once. */
export async function deployments(runs: number): Promise<readonly Figure[]> {
  rmSync(folder, { recursive: true, force: true });
  const sizes = { one: sized(1, 1), six: sized(6, 1), few: sized(1, 5, 0), many: sized(1, 50, 0) };
  const still = environmentFile("still", sized(1, 1));
  const cloud = await startLocalCloud({
    directory: join(folder, "cloud"),
    args: ["--image", `${image}=app`, "--aws-schema", "whole"],
    output: openSync(join(folder, "cloud.log"), "w"),
  });
  try {
    const unchanged = await nothingToDo(cloud, still, runs);
    const [one, six] = [await wholeLife(cloud, "one", sizes.one), await wholeLife(cloud, "six", sizes.six)];
    const [few, many] = [
      await wholeLife(cloud, "few", sizes.few),
      await wholeLife(cloud, "many", sizes.many),
    ];
    return [
      ...unchanged,
      { name: "deploy of 6 sites ÷ of 1", unit: "×", values: [six.deploy / one.deploy], most: 2 },
      { name: "destroy of 50 nodes ÷ of 5", unit: "×", values: [many.destroy / few.destroy], most: 4 },
    ];
  } finally {
    await cloud.stop();
  }
}

const sized = (sites: number, nodes: number, services = 1): Size => ({ sites, nodes, services });

const variablesOf = ({ variables }: LocalCloud, ANYWHERE_ENV: string): NodeJS.ProcessEnv => ({
  ...variables,
  ANYWHERE_ENV,
  CDKTF_OUTDIR: join(folder, "deployed"),
  POLL_SECONDS: "2",
});

/** A deployment without changes: our commands compared with the plans that they can't do without. */
async function nothingToDo(cloud: LocalCloud, file: string, runs: number): Promise<readonly Figure[]> {
  const variables = variablesOf(cloud, file);
  const width = ["--parallel", String(parallel)];
  const deploy = npmRun("deploy", ["--auto-approve", ...width], variables);
  await mustRun(deploy);
  const stacks = readStacks(join(folder, "deployed", "still"));
  const measured = {
    levels: () => timed(() => plans(stacks, variables, ({ dependencies }) => dependencies)),
    deploy: () => secondsOf(deploy),
    together: () => timed(() => plans(stacks, variables, () => [])),
    diff: () => secondsOf(npmRun("diff", width, variables)),
  };
  const { deploy: deploys, diff, levels, together } = await inTurn(runs, measured, measured.deploy);
  const what = `nothing to do in ${stacks.length} stacks`;
  return [
    {
      name: `\`npm run deploy\`, ${what} ÷ the bare plans`,
      unit: "×",
      values: ratios(deploys, levels),
      most: 1.15,
    },
    { name: "`npm run diff`, likewise", unit: "×", values: ratios(diff, together), most: 1.15 },
  ];
}

/** Plans stacks with Terraform alone, each as soon as those that it waits for are planned. */
async function plans(
  stacks: readonly Stack[],
  variables: NodeJS.ProcessEnv,
  waitsFor: (stack: Stack) => readonly string[],
): Promise<void> {
  const program = variables["TERRAFORM_BINARY_NAME"] ?? "terraform";
  const made = new Map<string, Promise<string>>();
  for (const stack of stacks) {
    const before = Promise.all(waitsFor(stack).flatMap((id) => made.get(id) ?? []));
    const plan = command(program, ["plan", "-input=false", "-detailed-exitcode"], variables, stack.folder);
    made.set(
      stack.id,
      before.then(() => mustRun(plan)),
    );
  }
  await Promise.all(made.values());
}

/** Seconds that a deploy and a destroy take. */
async function wholeLife(
  cloud: LocalCloud,
  name: string,
  size: Size,
): Promise<{ readonly deploy: number; readonly destroy: number }> {
  const variables = variablesOf(cloud, environmentFile(name, size));
  return {
    deploy: await secondsOf(npmRun("deploy", ["--auto-approve"], variables)),
    destroy: await secondsOf(npmRun("destroy", ["--auto-approve"], variables)),
  };
}
