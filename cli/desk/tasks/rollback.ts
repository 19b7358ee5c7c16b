import { loadEnvironment, type LoadedEnvironment } from "../../../config/load";
import { namesOf } from "../../../config/names";
import { imageTag } from "../../../config/rollbacks";
import { isOfAws, reasonOf } from "../../aws/client";
import { pushedImages, type PushedImage } from "../../aws/ecr-images";
import { refuseWithoutTerminal, type ApprovalOptions } from "../../commands/approval";
import { announceEnvironment } from "../../commands/deployment";
import { deploy } from "../../commands/deploy";
import { tagOf } from "../../commands/rollbacks";
import { expectedOf } from "../../fleet/expected";
import { deployedImages } from "../../fleet/sources/deployed-images";
import { failedImages } from "../../fleet/sources/failed-images";
import { withCluster } from "../../fleet/sources/cluster";
import { shortTime } from "../../fleet/time";
import { Refusal } from "../../refusals/refusal";
import { unknownName } from "../../refusals/unknown-name";
import type { RollbackReport } from "../../report/schemas/rollback-report";
import { screenOf } from "../../report/screen";
import { table } from "../../report/table";
import { serviceStack } from "../../terraform/stacks";
import type { JsonOptions } from "../options";
import { exitCodes } from "../exit-codes";

export interface RollbackCommandOptions extends ApprovalOptions, JsonOptions {
  /**
   * Tag of an image, or the commit it was built from; by default the image pushed before the present one, without those
   * whose last roll-out failed.
   */
  readonly to?: string;
  /** Whether to list the images, and do nothing else. */
  readonly list?: boolean;
}

/**
 * Deploys an earlier image of a service, with Terraform and only its stack. Later deploys keep it until a new image
 * replaces those it was rolled back from.
 *
 * @throws {Refusal} when the service's image isn't built here, or ECR has no matching image.
 */
export async function rollback(service: string, options: RollbackCommandOptions): Promise<number> {
  const { list = false, autoApprove = false } = options;
  const { config } = list ? announceEnvironment(process.env) : loadEnvironment(process.env);
  const image = builtImage(config, service);
  if (!list) {
    refuseWithoutTerminal(options);
  }
  const [images, history] = await Promise.all([pushedImages(config, image), historyOf(config, service)]);
  const known = { config, service, images, ...history };
  if (list) {
    show(known, options);
    return exitCodes.fine;
  }
  const target = chosen(known, options.to);
  const { deployed } = known;
  const from = deployed.filter((tag) => tag !== target.tag);
  if (from.length === 0) {
    throw new Refusal(`${service} runs ${target.tag} already: nothing was changed.`);
  }
  console.error(`${service}: from ${from.join(", ")} back to ${described(target)}`);
  const rollbacks = { [service]: { tag: target.tag, from } };
  const exitCode = await deploy([serviceStack(service)], { autoApprove, rollbacks });
  console.error(
    `${service} stays at ${target.tag} until it gets an image other than those it was rolled back from. ` +
      `"npm run deploy -- ${serviceStack(service)} --roll-forward" returns it to the present one at once.`,
  );
  return exitCode;
}

type Config = LoadedEnvironment["config"];

/** The known images of a service. */
interface Known {
  readonly config: Config;
  readonly service: string;
  /** The newest first. */
  readonly images: readonly PushedImage[];
  /** Tags that its sites run. */
  readonly deployed: readonly string[];
  /** Tags whose last roll-out failed at a site. */
  readonly failed: readonly string[];
}

function builtImage({ services, images }: Config, name: string): string {
  const service = Object.hasOwn(services, name) ? services[name] : undefined;
  if (service === undefined) {
    throw new Refusal(unknownName("service", [name], Object.keys(services)));
  }
  if (!(service.image in images)) {
    throw new Refusal(
      `The image of ${name} isn't built here: set services.${name}.image to the earlier one, and run ` +
        `"npm run deploy -- ${serviceStack(name)}".`,
    );
  }
  return service.image;
}

async function historyOf(config: Config, service: string): Promise<Pick<Known, "deployed" | "failed">> {
  const names = namesOf(config);
  const services = expectedOf(config)
    .services.filter((one) => one.service === service)
    .map(({ name }) => name);
  const [uris, failed] = await withCluster(config, (client, cluster) =>
    Promise.all([
      deployedImages(client, cluster, services),
      // A role that lacks the permission can still roll back.
      failedImages(client, cluster, services).catch((error: unknown) => {
        if (!isOfAws(error)) {
          throw error;
        }
        console.error(`${service}: ECS doesn't say which roll-outs failed: ${reasonOf(error)}`);
        return [];
      }),
    ]),
  );
  const tags = uris.map(tagOf).filter((tag) => imageTag.safeParse(tag).success);
  if (tags.length === 0) {
    throw new Refusal(
      `${service} runs no image that was built here (${uris.join(", ") || `it isn't deployed in ${names.cluster}`}).`,
    );
  }
  return { deployed: [...new Set(tags)], failed: failed.map(tagOf) };
}

/** @throws {Refusal} when there is no such image. */
function chosen({ service, images, deployed, failed }: Known, to: string | undefined): PushedImage {
  const all = images.map(described).join("\n") || "none";
  if (to !== undefined) {
    const one = images.find(({ tag, commit }) => tag === to || isOf(commit, to));
    if (one === undefined) {
      throw new Refusal(
        `ECR has no image ${to} of ${service}, or no longer has it: nothing was changed. It has:\n${all}`,
      );
    }
    return one;
  }
  const oldest = Math.max(...deployed.map((tag) => images.findIndex((one) => one.tag === tag)));
  const earlier = oldest < 0 ? [] : images.slice(oldest + 1);
  const works = earlier.findIndex(({ tag }) => !failed.includes(tag));
  const target = earlier[works];
  const passed = (target === undefined ? earlier : earlier.slice(0, works)).map(({ tag }) => tag);
  const because = passed.length === 0 ? "" : `the last roll-out of ${passed.join(", ")} failed`;
  if (target === undefined) {
    throw new Refusal(
      `ECR has no image of ${service} from before ${deployed.join(", ")}${because && ` that works: ${because}`}: ` +
        `nothing was changed. Choose one with --to. It has:\n${all}`,
    );
  }
  if (because !== "") {
    console.error(`${service}: ${because}`);
  }
  return target;
}

/** Whether a text names this commit, whose first digits are known, with these digits or more. */
function isOf(commit: string | null, to: string): boolean {
  return commit !== null && to.length >= 7 && (to.startsWith(commit) || commit.startsWith(to));
}

function described({ tag, pushedAt, commit }: PushedImage): string {
  return `${tag}, pushed ${shortTime(pushedAt)}${commit === null ? "" : `, of commit ${commit}`}`;
}

function show(
  { config, service, images, deployed, failed }: Known,
  { json = false }: RollbackCommandOptions,
): void {
  const marked = images.map((image) => ({
    ...image,
    deployed: deployed.includes(image.tag),
    failed: failed.includes(image.tag),
  }));
  if (json) {
    const report: RollbackReport = { deployment: config.name, service, images: marked };
    console.log(JSON.stringify(report, undefined, 2));
    return;
  }
  const rows = marked.map(({ tag, pushedAt, commit, mebibytes, ...is }) => [
    tag,
    shortTime(pushedAt),
    commit ?? "unknown",
    `${mebibytes} MiB`,
    [is.deployed && "deployed", is.failed && "roll-out failed"].filter(Boolean).join(", "),
  ]);
  const head = ["TAG", "PUSHED", "COMMIT", "SIZE", ""];
  console.log(table([head, ...rows], screenOf(process.stdout, process.env).width));
}
