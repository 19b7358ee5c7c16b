import type { Container } from "../config/services/container";
import type { ComputeStack } from "./compute/compute";
import type { ProjectStack } from "./project-stack";

/** URLs of internal services for the containers of a stack, by site and service. Reads the states of no other sites. */
export function internalUrls(
  reader: ProjectStack,
  called: readonly string[],
  compute: ReadonlyMap<string, ComputeStack>,
): (site: string, service: string) => string {
  const urls = new Map(
    called.length === 0
      ? []
      : [...compute].map(([site, { internalUrl }]) => [site, internalUrl?.(reader)] as const),
  );
  return (site, service) => {
    const url = urls.get(site)?.(service);
    if (url === undefined) {
      throw new Error(`site ${site} has no internal service ${service}`);
    }
    return url;
  };
}

/** A container's environment with every reference to a service as its URL. */
export function resolvedEnvironment(
  { environment }: Pick<Container, "environment">,
  urlOf: (service: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      typeof value === "string" ? value : urlOf(value.service),
    ]),
  );
}
