import { setMaxListeners } from "node:events";
import { idleWarnings } from "../../config/sites/idle";
import { awsProblems } from "./aws";
import { checkSeconds, type Check, type Undertaking } from "./check";
import { digitalOceanProblems } from "./digitalocean/account";
import { dockerProblems } from "./docker";
import { embeddedCloudProblems } from "./embedded-clouds";
import { installerProblems } from "./installer";
import { scriptProblems } from "./scripts";
import { terraformProblems } from "./terraform";
import { workspaceProblems } from "./workspaces";
import { Refusal } from "../refusals/refusal";

const checks: readonly Check[] = [
  terraformProblems,
  scriptProblems,
  dockerProblems,
  awsProblems,
  workspaceProblems,
  digitalOceanProblems,
  installerProblems,
  embeddedCloudProblems,
];

/**
 * Makes sure that a command will have everything it needs: each check first decides whether this command, on these
 * stacks, needs its subject at all. Also says what no node can run. Changes nothing, and takes at most 10 seconds.
 *
 * @throws {Refusal} with a line for each missing item.
 */
export async function preflight(aim: Omit<Undertaking, "deadline" | "notice">): Promise<void> {
  const undertaking = { ...aim, deadline: deadlineOfChecks(), notice: say };
  if (aim.command !== "destroy") {
    idleWarnings(aim.environment).forEach(say);
  }
  const problems = (await Promise.all(checks.map((check) => check(undertaking)))).flat();
  if (problems.length > 0) {
    throw new Refusal(["Nothing was started:", ...problems.map((problem) => `- ${problem}`)].join("\n"));
  }
}

/** Ends all checks that start now. */
export function deadlineOfChecks(): AbortSignal {
  const deadline = AbortSignal.timeout(checkSeconds * 1000);
  // Every call listens to it.
  setMaxListeners(0, deadline);
  return deadline;
}

const say = (text: string): void => {
  console.error(text);
};
