import { namesOf } from "../../config/names";
import type { Deployment } from "../commands/prepared";
import { Refusal } from "./refusal";
import { backendBlock } from "../terraform/backend-block";
import { stateElsewhere } from "./states/state-elsewhere";
import { computeStack, controlPlane, jobs, serviceStack } from "../terraform/stacks";

/** A stack that was deployed and is no longer in the config. */
interface Forgotten {
  readonly stack: string;
  /** Subject of the message. */
  readonly what: string;
  readonly advice: string;
}

/**
 * Makes sure that no site, service or job has left the config while its stack is still deployed. Its machines and tasks
 * would run on, and the provisioners that deregister nodes would be gone together with their blocks.
 *
 * @throws {Refusal} that names each such stack and the way to remove it.
 */
export async function refuseForgottenStacks(deployment: Deployment): Promise<void> {
  const { environment, stacks, terraform } = deployment;
  const known = stacks.find(({ id }) => id === controlPlane);
  if (known === undefined) {
    return;
  }
  const { outputs } = await terraform.state(known.folder);
  const problems: string[] = [];
  for (const { stack, what, advice } of forgottenStacks(deployment, outputs)) {
    const block = backendBlock(environment.config.backend, namesOf(environment.config).state(stack));
    const { resources } = await stateElsewhere(block, stacks, terraform);
    if (resources > 0) {
      problems.push(
        `${what} no longer in ${environment.file}, but the stack ${stack} is still deployed (resources: ${resources}). ` +
          `Put it back, run "npm run destroy -- ${stack}", and only then remove it. ${advice}`,
      );
    }
  }
  if (problems.length > 0) {
    throw new Refusal(problems.join("\n"));
  }
}

function forgottenStacks(
  { environment: { config } }: Deployment,
  outputs: Readonly<Record<string, unknown>>,
): Forgotten[] {
  const names = (output: string) => (outputs[output] ?? []) as readonly string[];
  const renamed = (kind: string, otherwise = "") =>
    `A ${kind} under a new name is another ${kind}: to rename one, keep the old one until the new one is deployed${otherwise}.`;
  return [
    ...names("sites")
      .filter((site) => !(site in config.sites))
      .map((site) => ({ stack: computeStack(site), what: `Site ${site} is`, advice: renamed("site") })),
    ...names("services")
      .filter((service) => !(service in config.services))
      .map((service) => ({
        stack: serviceStack(service),
        what: `Service ${service} is`,
        advice: `${renamed("service", ", on another port if it has one")} Add new services that don't fit beside it afterwards.`,
      })),
    ...(outputs["has_jobs"] === "true" && Object.keys(config.jobs).length === 0
      ? [{ stack: jobs, what: "The jobs are", advice: "Single jobs may be removed at any time." }]
      : []),
    // Its tasks hold the ports that the services need.
    ...("sites" in outputs && !("services" in outputs)
      ? [
          {
            stack: "application",
            what: "The application of an earlier release is",
            advice: "Use that release to do so: this one has services instead; see CHANGELOG.md.",
          },
        ]
      : []),
  ];
}
