import { relative } from "node:path";
import type { Deployment } from "../../commands/prepared";
import { Refusal } from "../refusal";
import { describePlace } from "../../terraform/backend-block";
import type { Stack } from "../../terraform/stacks";

/**
 * Makes sure that a destroy which finds nothing isn't taken for one that has destroyed everything: it may be looking in
 * the wrong place. A state without resources belongs to something that has been destroyed.
 *
 * @throws {Refusal} with the places where it has looked, when none of the stacks has a state.
 */
export async function refuseNoStates(
  selected: readonly Stack[],
  { environment, terraform }: Deployment,
): Promise<void> {
  for (const { folder } of selected) {
    if ((await terraform.state(folder)).lineage !== undefined) {
      return;
    }
  }
  const { config, file } = environment;
  const places = selected.map(({ id, folder, terraform: block }) => {
    const place = describePlace(block, folder);
    return `- ${id}: ${block.backend?.local === undefined ? place : relative(process.cwd(), place)}`;
  });
  throw new Refusal(
    [
      `Nothing was destroyed: there is no state of ${config.name}. It was looked for in`,
      ...places,
      `If ${file} is the right file and nothing is deployed, --if-exists makes this a success.`,
    ].join("\n"),
  );
}
