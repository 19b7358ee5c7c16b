import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { outputFolder } from "../../checkout/output-folder";
import { executionOf } from "../../config/backend-rules";
import type { LoadedEnvironment } from "../../config/load";
import { announceEnvironment } from "../commands/deployment";
import type { JsonOptions } from "../desk/options";
import { Refusal } from "../refusals/refusal";
import type { StacksReport } from "../report/schemas/stacks-report";
import { readStacks, selectStacks, type Stack } from "../terraform/stacks";

export interface StacksOptions extends JsonOptions {
  /** Whether they are listed for a destroy. */
  readonly destroy?: boolean;
  /** Whether the caller plans and applies itself. */
  readonly here?: boolean;
}

/** Instead of an empty column, so that shells count the others right. */
const none = "-";

/**
 * Lists the stacks with these ids (all, when there are none) as they were synthesised last, in the order in which they
 * are applied. Needs no credentials, and reads no state.
 *
 * @throws {Refusal} when the caller would plan what HCP Terraform plans.
 */
export function stacks(
  ids: readonly string[],
  { destroy = false, here = false, json = false }: StacksOptions,
): number {
  const environment = announceEnvironment(process.env);
  if (here) {
    refuseRemote(environment);
  }
  const selected = selectStacks(synthesisedStacks(environment, process.env), ids);
  const listed = destroy ? selected.toReversed() : selected;
  const report: StacksReport = {
    deployment: environment.config.name,
    stacks: listed.map((stack) => ({
      stack: stack.id,
      folder: relative(process.cwd(), stack.folder),
      after: (destroy ? dependentsOf(stack, selected) : stack.dependencies).filter((id) =>
        selected.some((one) => one.id === id),
      ),
      reads: destroy ? [] : [...stack.reads],
    })),
  };
  console.log(json ? JSON.stringify(report, undefined, 2) : report.stacks.map(line).join("\n"));
  return 0;
}

function refuseRemote({ config: { backend }, file }: LoadedEnvironment): void {
  const execution = executionOf(backend);
  if (execution !== "local") {
    throw new Refusal(
      `${file}: backend.execution is "${execution}", so HCP Terraform itself plans and applies: instead of ` +
        'this script, run "npx anywhere diff", "npm run deploy", "npm run destroy" or "npx anywhere heal".',
    );
  }
}

const dependentsOf = ({ id }: Stack, all: readonly Stack[]): string[] =>
  all.filter(({ dependencies }) => dependencies.includes(id)).map((stack) => stack.id);

const line = ({ stack, folder, after, reads }: StacksReport["stacks"][number]): string =>
  [stack, folder, after.join(" ") || none, reads.join(" ") || none].join("\t");

/**
 * The stacks of an environment in its output folder.
 *
 * @throws {Refusal} when nothing has been synthesised there.
 */
export function synthesisedStacks(
  environment: LoadedEnvironment,
  variables: NodeJS.ProcessEnv,
): readonly Stack[] {
  const folder = outputFolder(variables, environment);
  if (!existsSync(join(folder, "manifest.json"))) {
    throw new Refusal(`${relative(process.cwd(), folder)} holds no stacks: run "npm run synth" first.`);
  }
  return readStacks(folder);
}
