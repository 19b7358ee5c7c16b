import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "../../terraform/stacks";
import { shownPath, terraformIn } from "../../terraform/shown-command";
import { terraformBinary } from "../../terraform/terraform";
import { Refusal } from "../refusal";

/**
 * Makes sure that nothing is based on a state that Terraform couldn't save: it would create again what it had just
 * created.
 *
 * @throws {Refusal} with the commands that save it.
 */
export function refuseUnsavedStates(stacks: readonly Stack[], variables: NodeJS.ProcessEnv): void {
  const unsaved = stacks.filter(({ folder }) => existsSync(join(folder, "errored.tfstate")));
  if (unsaved.length > 0) {
    const command = terraformBinary(variables);
    throw new Refusal(
      [
        "Nothing was started: Terraform could not save the states after its changes, and left them beside the " +
          "stacks. Once the backend can be reached again, save them:",
        ...unsaved.map((stack) => commandsFor(stack, command)),
      ].join("\n"),
    );
  }
}

function commandsFor({ folder, terraform: { cloud } }: Stack, command: string): string {
  const terraform = terraformIn(folder, command);
  // A workspace stays locked by the run that couldn't write its state.
  const unlock =
    cloud === undefined
      ? []
      : [`${terraform} force-unlock -force ${cloud.organization}/${cloud.workspaces.name}`];
  const push = `${terraform} state push errored.tfstate`;
  return [...unlock, push, `rm ${shownPath(join(folder, "errored.tfstate"))}`].join(" && ");
}
