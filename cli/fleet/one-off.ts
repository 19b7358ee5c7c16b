import { namesOf, nodesWith } from "../../config/names";
import type { Config } from "../../config/schema";
import { isMadeAt } from "../../config/services/placements";
import { Refusal } from "../refusals/refusal";
import { unknownName } from "../refusals/unknown-name";
import { jobs, serviceStack } from "../terraform/stacks";

/** The site and the task definition of a task that is run by hand, in addition to those of a service or a job. */
export interface OneOff {
  /** Whether it belongs to a job, whose tasks end by themselves. */
  readonly isJob: boolean;
  readonly site: string;
  /** Family of its task definition, and the stack that creates that. */
  readonly family: string;
  readonly stack: string;
  /** Whether commands may be run in it. */
  readonly exec: boolean;
  /** The nodes that may run it, in ECS's cluster query language. */
  readonly nodes: string;
}

/**
 * A task to be run by hand, of a service or a job of the config: at this site, or at the only one there is.
 *
 * @throws {Refusal} when there is no such service, job or site, or the service has none, or several and none is named.
 */
export function oneOffOf(config: Config, name: string, site: string | undefined): OneOff {
  const names = namesOf(config);
  const service = Object.hasOwn(config.services, name) ? config.services[name] : undefined;
  const job = Object.hasOwn(config.jobs, name) ? config.jobs[name] : undefined;
  if (service === undefined && job === undefined) {
    const known = [...Object.keys(config.services), ...Object.keys(config.jobs)];
    throw new Refusal(unknownName("service or job", [name], known));
  }
  const possible =
    service === undefined
      ? [job?.site ?? ""]
      : Object.keys(config.sites).filter((one) => isMadeAt(service, one));
  if (possible.length === 0) {
    throw new Refusal(`${name} has no site: name one in services.${name}.placement, and deploy.`);
  }
  if (site !== undefined && !possible.includes(site)) {
    throw new Refusal(
      site in config.sites
        ? `${name} is not at ${site}: choose ${possible.join(" or ")}.`
        : unknownName("site", [site], Object.keys(config.sites)),
    );
  }
  const chosen = site ?? possible[0] ?? "";
  if (site === undefined && possible.length !== 1) {
    throw new Refusal(`${name} is at ${possible.join(", ")}: choose one with --site.`);
  }
  return service === undefined
    ? {
        isJob: true,
        site: chosen,
        family: names.jobFamily(name),
        stack: jobs,
        exec: false,
        nodes: nodesWith(names, chosen, job?.on),
      }
    : {
        isJob: false,
        site: chosen,
        family: service.http === undefined ? names.family(name, chosen) : names.oneOffFamily(name, chosen),
        stack: serviceStack(name),
        exec: service.exec,
        nodes: nodesWith(names, chosen, service.on),
      };
}
