import type { Deployment } from "../commands/prepared";
import { controlPlane, jobs, serviceStack, type Stack } from "../terraform/stacks";
import { deployedOutput, deployedOutputs } from "./deployed-output";

/**
 * Images that have left the config while deployed tasks still run them: the control plane comes first, and would delete
 * their repositories before other tasks take their place.
 */
export async function droppedImages(deployment: Deployment, selected: readonly Stack[]): Promise<string[]> {
  if (!selected.some(({ id }) => id === controlPlane)) {
    return [];
  }
  const { config, file } = deployment.environment;
  const repositories = (await deployedOutputs(controlPlane, deployment))["repository_urls"] as
    Texts | undefined;
  const dropped = Object.entries(repositories ?? {}).filter(([image]) => !(image in config.images));
  if (dropped.length === 0) {
    return [];
  }
  const running = await runningImages(deployment);
  return dropped.flatMap(([image, repository]) => {
    const users = running.filter(({ uri }) => uri.startsWith(`${repository}:`)).map(({ user }) => user);
    return users.length === 0
      ? []
      : [
          `${file}: images.${image} is gone, but the deployed tasks of ${users.join(", ")} still run it: its repository would ` +
            "be deleted before other tasks take their place. Put it back, give them other images and deploy, and only then " +
            "remove it.",
        ];
  });
}

type Texts = Readonly<Record<string, string>>;

/** The images of deployed services and jobs that are in the config; those that aren't have no stack. */
async function runningImages(deployment: Deployment): Promise<{ user: string; uri: string }[]> {
  const { services } = deployment.environment.config;
  const running: { user: string; uri: string }[] = [];
  for (const name of Object.keys(services)) {
    const uri = await deployedOutput(serviceStack(name), "image_uri", deployment);
    if (uri !== undefined) {
      running.push({ user: `services.${name}`, uri });
    }
  }
  const ofJobs = (await deployedOutputs(jobs, deployment))["image_uris"] as Texts | undefined;
  return [...running, ...Object.entries(ofJobs ?? {}).map(([name, uri]) => ({ user: `jobs.${name}`, uri }))];
}
