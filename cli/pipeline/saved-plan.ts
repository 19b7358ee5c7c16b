import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../../config/schema";
import { identityIn } from "../refusals/own-stack";
import { Refusal } from "../refusals/refusal";
import type { CheckReport } from "../report/schemas/check-report";
import { userPath } from "../servers/user-path";
import { readStackJson, type Stack } from "../terraform/stacks";
import type { PlanJson, PlannedChange } from "../terraform/terraform";

/** A saved plan, as printed by `terraform show -json` into a file named after its stack. */
export interface SavedPlan {
  readonly id: string;
  readonly json: PlanJson;
}

/** @throws {Refusal} when the file holds no plan. */
export function readPlan(file: string): SavedPlan {
  const json = parsed(file);
  if (typeof json !== "object" || json === null || !("configuration" in json)) {
    throw new Refusal(`${file} is not a plan in JSON: create one with "terraform show -json <plan>".`);
  }
  return { id: basename(file, ".json"), json: json as PlanJson };
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(userPath(file), "utf8")) as unknown;
  } catch (error) {
    throw new Refusal(`${file} can't be read: ${(error as Error).message}.`);
  }
}

/** Why a plan isn't of the stack that its file is named after, as synthesised here; undefined when it is. */
export function notOf(stack: Stack, json: PlanJson, config: Config): string | undefined {
  if (json.errored === true) {
    return "Terraform couldn't complete this plan. Fix the problem that it reports, and plan again.";
  }
  const { before, after } = json.output_changes?.["deployment"] ?? {};
  const own = identityIn(config);
  const deployment = after ?? before;
  if (deployment !== undefined && !isDeepStrictEqual(deployment, own)) {
    return `This is a plan of another deployment, ${JSON.stringify(deployment)}, and not of ${JSON.stringify(own)}: choose its environment with ANYWHERE_ENV.`;
  }
  const planned = (json.configuration?.root_module?.resources ?? []).map(({ address }) => address).sort();
  const { resource = {}, data = {} } = readStackJson(join(stack.folder, "cdk.tf.json"));
  const synthesised = [...addressesOf(resource), ...addressesOf(data, "data.")].sort();
  return isDeepStrictEqual(planned, synthesised)
    ? undefined
    : "This is not a plan of the stack as synthesised here: synthesise the sources that were planned, or plan again.";
}

const addressesOf = (blocks: Readonly<Record<string, object>>, prefix = ""): string[] =>
  Object.entries(blocks).flatMap(([type, named]) =>
    Object.keys(named).map((name) => `${prefix}${type}.${name}`),
  );

/** How many resources a plan changes, by kind of change. */
export function changesOf({
  resource_changes: all = [],
}: PlanJson): CheckReport["stacks"][number]["changes"] {
  const kinds = all.filter(({ mode }) => mode === "managed").map(kindOf);
  const count = (kind: string) => kinds.filter((one) => one === kind).length;
  return {
    create: count("create"),
    update: count("update"),
    replace: count("replace"),
    delete: count("delete"),
  };
}

const kindOf = ({ change: { actions } }: PlannedChange): string =>
  actions.length > 1 ? "replace" : (actions[0] ?? "no-op");

/** Whether a plan changes outputs, on which the plans of stacks that read them depend. */
export const changesOutputs = ({ output_changes: all = {} }: PlanJson): boolean =>
  Object.values(all).some(({ actions }) => !actions.includes("no-op"));

/** Whether a plan is that of a destroy: all that there is would go. */
export function destroysAll({ resource_changes: all = [] }: PlanJson): boolean {
  const kinds = all.filter(({ mode }) => mode === "managed").map(kindOf);
  return kinds.length > 0 && kinds.every((kind) => kind === "delete");
}
