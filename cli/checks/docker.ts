import { namesOf } from "../../config/names";
import { describeImage, isMissing } from "../aws/ecr-image";
import { refusedBy } from "../aws/refused";
import { checkSeconds, type Check, type Undertaking } from "./check";
import { ask } from "./program";
import { unreachable } from "./reachability";
import { builtImages } from "./synthesised";

/** Whether Docker is available for the images that a deploy has to build, which are those the registry lacks. */
export const dockerProblems: Check = async (undertaking) => {
  const { command, selected, variables } = undertaking;
  const images = command === "deploy" ? [...builtImages(selected)] : [];
  if (images.length === 0) {
    return [];
  }
  const [problem, ...failures] = await Promise.all([
    engineProblem(variables),
    ...images.map(([image, tag]) => describeFailure(image, tag, undertaking)),
  ]);
  if (problem === undefined) {
    return [];
  }
  const needs = failures.map((failure) => failure && needOf(failure, undertaking));
  const need = needs.find((one) => one !== undefined);
  return need === undefined ? [] : [`${need}, and ${problem}`];
};

/** The problem with Docker, with its remedy; undefined when it works. */
async function engineProblem(variables: NodeJS.ProcessEnv): Promise<string | undefined> {
  const answer = await ask("docker", ["version", "--format", "{{.Server.Version}}"], variables);
  if (answer === "late") {
    return `the Docker engine doesn't answer within ${checkSeconds} seconds: start it, or try again`;
  }
  if ("code" in answer) {
    return (
      `docker can't be run (${answer.code}): install Docker (https://docs.docker.com/engine/install/), ` +
      "or push the image from another computer and use its URI"
    );
  }
  const { exitCode, stderr } = answer;
  const said = stderr.trim().replaceAll(/\s+/g, " ");
  return exitCode === 0
    ? undefined
    : `the Docker engine doesn't answer (${said || `exit code ${exitCode}`}): start it, or allow this user to connect to it`;
}

/** Why the registry didn't confirm that it has an image. */
interface Failure {
  readonly image: string;
  readonly error: unknown;
}

/** Why an image has to be built, as far as is known; undefined when Terraform is to find out. */
function needOf({ image, error }: Failure, undertaking: Undertaking): string | undefined {
  if (isMissing(error)) {
    return `the image ${image} has to be built`;
  }
  const ecr = {
    name: "Amazon ECR",
    subject: `Whether the image ${image} has to be built was`,
    setting: "AWS_ENDPOINT_URL if it is set",
  };
  return refusedBy(error) !== undefined || unreachable(ecr, error, undertaking).length > 0
    ? `the image ${image} may have to be built, since Amazon ECR can't be asked`
    : undefined;
}

/** Asks the registry for an image; undefined when it has it. */
async function describeFailure(
  image: string,
  imageTag: string,
  { environment: { config }, deadline }: Undertaking,
): Promise<Failure | undefined> {
  const { region, accountId: registryId } = config.aws;
  const repositoryName = namesOf(config).repository(image);
  try {
    await describeImage(
      { registryId, region, repositoryName, imageTag },
      { seconds: checkSeconds, deadline },
    );
    return undefined;
  } catch (error) {
    return { image: `${repositoryName}:${imageTag}`, error };
  }
}
