import { posix } from "node:path";
import { nearest } from "../nearest";
import type { Problem } from "../problem";
import type { Config } from "../schema";
import type { Sites } from "../sites/nodes";
import { buildContextProblem } from "./build-context";
import type { Container } from "./container";
import { calledBy, canRunAt, loadBalancerAt, plainListener } from "./entrances";
import { isUri } from "./image";
import { hasAttributes } from "./placements";

/** A service or job, and its path in the config. */
export interface Placed {
  readonly path: readonly string[];
  readonly name: string;
  readonly container: Container & { readonly on: Readonly<Record<string, string>> };
  /** Sites where it may have tasks. */
  readonly at: readonly string[];
  /** Variables that the deployment sets. */
  readonly taken: readonly string[];
}

/** Problems with the images that are built here. */
export function* imageProblems({ images }: Config): Iterable<Problem> {
  for (const [name, { build }] of Object.entries(images)) {
    const message = buildContextProblem(build);
    if (message !== undefined) {
      yield { path: ["images", name, "build"], message };
    }
  }
}

/** Problems with a container's own settings, and with its references. */
export function* containerProblems(placed: Placed, config: Config, sites: Sites): Iterable<Problem> {
  yield* imageReferenceProblems(placed, config, sites);
  yield* variableProblems(placed);
  yield* calledProblems(placed, config, sites);
  yield* selectorProblems(placed, sites);
  yield* mountProblems(placed);
}

function* imageReferenceProblems(
  { path, container: { image, registryCredentials }, at }: Placed,
  { images }: Config,
  sites: Sites,
): Iterable<Problem> {
  const built = Object.hasOwn(images, image) ? images[image] : undefined;
  if (built === undefined) {
    if (!isUri(image)) {
      yield {
        path: [...path, "image"],
        message: `is not a key of images (${listOf(Object.keys(images))}), and as a URI it lacks a tag or a digest: correct the key, or add a tag or a digest`,
      };
    }
    return;
  }
  if (registryCredentials !== undefined) {
    yield {
      path: [...path, "registryCredentials"],
      message: "isn't needed for an image that is built here: remove it",
    };
  }
  const unlike = at.find((site) => ![undefined, built.platform].includes(sites.get(site)?.platform));
  if (unlike !== undefined) {
    yield {
      path: [...path, "image"],
      message: `is built for ${built.platform}, but the machines of site ${unlike} are all ${sites.get(unlike)?.platform}: change images.${image}.platform, or place tasks only on other sites`,
    };
  }
}

function* variableProblems({ path, container, taken }: Placed): Iterable<Problem> {
  const { environment, secrets, secretKeys, registryCredentials } = container;
  for (const [setting, variables] of Object.entries({ environment, secrets })) {
    for (const name of Object.keys(variables).filter((each) => taken.includes(each))) {
      yield {
        path: [...path, setting, name],
        message: `is set by the deployment itself (${taken.join(", ")} are): choose another name`,
      };
    }
  }
  for (const name of Object.keys(secrets).filter((each) => Object.hasOwn(environment, each))) {
    const message = `is also in ${[...path, "environment"].join(".")}: keep one of them`;
    yield { path: [...path, "secrets", name], message };
  }
  if (secretKeys.length > 0 && Object.keys(secrets).length === 0 && registryCredentials === undefined) {
    const message = `has no effect without ${[...path, "secrets"].join(".")}: remove it, or name the secrets`;
    yield { path: [...path, "secretKeys"], message };
  }
}

/** A service whose URL the container gets must have an internal load balancer wherever the container runs. */
function* calledProblems(
  { path, container, at }: Placed,
  { services }: Config,
  sites: Sites,
): Iterable<Problem> {
  for (const called of calledBy(container)) {
    const [variable = ""] =
      Object.entries(container.environment).find(
        ([, value]) => typeof value === "object" && value.service === called,
      ) ?? [];
    const message = Object.hasOwn(services, called)
      ? missingUrl(called, at, services, sites)
      : unknownService(
          nearest(called, Object.keys(services)),
          Object.keys(services).filter((name) => !missingUrl(name, at, services, sites)),
        );
    if (message !== undefined) {
      yield { path: [...path, "environment", variable], message };
    }
  }
}

function unknownService(meant: string | undefined, others: readonly string[]): string {
  if (meant !== undefined) {
    return `is not a service: did you mean ${meant}?`;
  }
  const choice =
    others.length === 0
      ? 'add it, with http: { port, loadBalancer: { network: "internal" } }'
      : `choose one of ${listOf(others)}`;
  return `is not a service: ${choice}`;
}

/** The problem with the URL of a service, where it has none at one of these sites. */
function missingUrl(
  called: string,
  at: readonly string[],
  { [called]: service }: Config["services"],
  sites: Sites,
): string | undefined {
  const entrances = at.map((site) => [site, service && loadBalancerAt(service, sites, site)] as const);
  const [lacking] = entrances.find(([, entrance]) => entrance?.network !== "internal") ?? [];
  if (lacking !== undefined) {
    return `has no URL at site ${lacking}, where service ${called} has no internal load balancer: set services.${called}.http.loadBalancer.network to "internal", or place tasks only on other sites`;
  }
  const idle = service && at.find((site) => !canRunAt(service, sites, site));
  if (idle !== undefined) {
    return `has no URL at site ${idle}, where service ${called} can't have a task: place one there, or place tasks of this one only on other sites`;
  }
  const [certified] = entrances.find(([, entrance]) => entrance && !plainListener(entrance)) ?? [];
  return certified === undefined
    ? undefined
    : `has no URL at site ${certified}: service ${called} listens there only on https, and no certificate is valid for a private address; give its load balancer an http listener without redirectTo, or write out the URL`;
}

function* selectorProblems({ path, container: { on }, at }: Placed, sites: Sites): Iterable<Problem> {
  const all = [...sites.values()].flatMap(({ nodes }) => [...nodes.values()]);
  const unknown = Object.keys(on).find((name) =>
    all.every(({ attributes }) => !Object.hasOwn(attributes, name)),
  );
  if (unknown !== undefined) {
    const known = [...new Set(all.flatMap(({ attributes }) => Object.keys(attributes)))];
    const choice = known.length === 0 ? "" : `choose one of ${listOf(known)}, or `;
    yield {
      path: [...path, "on", unknown],
      message: `is not an attribute of any node: ${choice}give a node this attribute`,
    };
  } else if (Object.keys(on).length > 0 && at.length > 0) {
    const nodes = at.flatMap((site) => [...(sites.get(site)?.nodes.values() ?? [])]);
    if (!nodes.some((node) => hasAttributes(node, on))) {
      const message = `matches no node of ${at.join(", ")}: give a node these attributes`;
      yield { path: [...path, "on"], message };
    }
  }
}

function* mountProblems({ path, container: { volumes, tmpfs } }: Placed): Iterable<Problem> {
  const mounts = [
    ...volumes.map(({ containerPath }) => ["volumes", containerPath] as const),
    ...tmpfs.map((mounted) => ["tmpfs", mounted] as const),
  ].map(([setting, mounted]) => ({ setting, at: posix.resolve(mounted) }));
  const root = mounts.find(({ at }) => at === "/");
  const twice = mounts.find(({ at }, index) => mounts.slice(index + 1).some((other) => other.at === at));
  if (root !== undefined) {
    const message = "mount something at /, where the image itself is: use a folder below it";
    yield { path: [...path, root.setting], message };
  } else if (twice !== undefined) {
    yield { path: [...path, twice.setting], message: `mount something at ${twice.at} twice: keep one` };
  }
}

/** Names joined for a sentence. */
export function listOf(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
