import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LifeCycle } from "./life-cycle";

interface State {
  readonly resources: readonly {
    readonly type: string;
    readonly instances: readonly {
      readonly index_key?: string;
      readonly attributes: { triggers?: Record<string, string> | null };
    }[];
  }[];
}

/** Takes a trigger out of a node's resources in a local state, as a release has left it that did not know it yet. */
export function forgetTrigger(life: LifeCycle, stack: string, node: string, trigger: string): void {
  const file = join(life.folderOf(stack), `../../../state/${life.deployment}--${stack}.tfstate`);
  const state = JSON.parse(readFileSync(file, "utf8")) as State;
  const remembering = state.resources
    .filter(({ type }) => type === "null_resource")
    .flatMap(({ instances }) => instances)
    .filter(({ index_key }) => index_key === node)
    .flatMap(({ attributes: { triggers } }) => (triggers?.[trigger] === undefined ? [] : [triggers]));
  if (remembering.length === 0) {
    throw new Error(`no resource of ${node} in ${file} remembers ${trigger}`);
  }
  for (const triggers of remembering) {
    Reflect.deleteProperty(triggers, trigger);
  }
  writeFileSync(file, JSON.stringify(state));
}
