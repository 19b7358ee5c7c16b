import { namesOf } from "../../config/names";
import { before, clientSettings } from "../aws/client";
import { refusedBy } from "../aws/refused";
import { checkSeconds, type Check, type Undertaking } from "./check";
import { ask } from "./program";
import { unreachable } from "./reachability";
import { builtTags } from "./synthesised";

/** Whether Docker is there for the images that a deploy has to build: what the registry has already needs none. */
export const dockerProblems: Check = async (undertaking) => {
  const { command, selected, variables } = undertaking;
  const tags = command === "deploy" ? builtTags(selected) : [];
  if (tags.length === 0) {
    return [];
  }
  const [problem, ...failures] = await Promise.all([
    engineProblem(variables),
    ...tags.map((tag) => describeFailure(tag, undertaking)),
  ]);
  if (problem === undefined) {
    return [];
  }
  const needs = failures.map((failure) => failure && needOf(failure, undertaking));
  const need = needs.find((one) => one !== undefined);
  return need === undefined ? [] : [`${need}, and ${problem}`];
};

/** What is wrong with Docker, and the remedy; undefined when it works. */
async function engineProblem(variables: NodeJS.ProcessEnv): Promise<string | undefined> {
  const answer = await ask("docker", ["version", "--format", "{{.Server.Version}}"], variables);
  if (answer === "late") {
    return `the Docker engine doesn't answer within ${checkSeconds} seconds: start it, or try again`;
  }
  if ("code" in answer) {
    return (
      `docker can't be run (${answer.code}): install Docker (https://docs.docker.com/engine/install/), ` +
      "or push the image from elsewhere and give its uri"
    );
  }
  const { exitCode, stderr } = answer;
  const said = stderr.trim().replaceAll(/\s+/g, " ");
  return exitCode === 0
    ? undefined
    : `the Docker engine doesn't answer (${said || `exit code ${exitCode}`}): start it, or allow this user to connect to it`;
}

/** Why the registry has not said that it has an image. */
interface Failure {
  readonly image: string;
  readonly error: unknown;
}

/** Why an image has to be built, as far as can be told; undefined when Terraform is to find out. */
function needOf({ image, error }: Failure, { variables }: Undertaking): string | undefined {
  const { name } = error as Error;
  if (name === "ImageNotFoundException" || name === "RepositoryNotFoundException") {
    return `the image ${image} has to be built`;
  }
  const ecr = {
    name: "Amazon ECR",
    subject: `Whether the image ${image} has to be built was`,
    setting: "AWS_ENDPOINT_URL when it is set",
  };
  return refusedBy(error) !== undefined || unreachable(ecr, error, variables).length > 0
    ? `the image ${image} may have to be built, since Amazon ECR can't be asked`
    : undefined;
}

/** Asks the registry for an image; undefined when it has it. */
async function describeFailure(tag: string, undertaking: Undertaking): Promise<Failure | undefined> {
  const { environment, deadline } = undertaking;
  try {
    await before(deadline, describe(tag, undertaking));
    return undefined;
  } catch (error) {
    return { image: `${namesOf(environment.config).repository}:${tag}`, error };
  }
}

async function describe(tag: string, { environment: { config }, deadline }: Undertaking): Promise<void> {
  const { DescribeImagesCommand, ECRClient } = await import("@aws-sdk/client-ecr");
  const client = new ECRClient(clientSettings(config.aws.region, checkSeconds));
  try {
    const question = {
      registryId: config.aws.accountId,
      repositoryName: namesOf(config).repository,
      imageIds: [{ imageTag: tag }],
    };
    await client.send(new DescribeImagesCommand(question), { abortSignal: deadline });
  } finally {
    client.destroy();
  }
}
