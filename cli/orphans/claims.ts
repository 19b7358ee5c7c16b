import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import type { Deployment } from "../commands/prepared";
import { stateElsewhere } from "../refusals/states/state-elsewhere";
import { backendBlock } from "../terraform/backend-block";
import { computeStack } from "../terraform/stacks";
import type { State } from "../terraform/state-file";
import type { Kind, Thing } from "./thing";

/** The contents of states. */
export interface Claims {
  /** How many of the stacks have a state. */
  readonly states: number;
  readonly has: (thing: Thing) => boolean;
}

/** The kind of thing that each type of resource is, and the attributes by which states identify it. */
const resources: Readonly<Record<string, { readonly kind: Kind; readonly attributes: readonly string[] }>> = {
  aws_ssm_activation: { kind: "activation", attributes: ["id"] },
  digitalocean_droplet: { kind: "droplet", attributes: ["id"] },
  digitalocean_loadbalancer: { kind: "load balancer", attributes: ["id"] },
  digitalocean_firewall: { kind: "firewall", attributes: ["id"] },
  // Its id is its name; the API's is the UUID.
  digitalocean_certificate: { kind: "certificate", attributes: ["id", "uuid"] },
  digitalocean_vpc: { kind: "VPC", attributes: ["id"] },
  digitalocean_tag: { kind: "tag", attributes: ["id"] },
  aws_cloudwatch_log_group: { kind: "log group", attributes: ["id"] },
};

/**
 * The present contents of a deployment's states: those of its stacks, and of the sites of these things, which may have
 * left the configuration. Read after the things were found, since another run may create some meanwhile.
 */
export async function claimsOf(
  { environment: { config }, stacks, terraform }: Deployment,
  things: readonly Thing[],
): Promise<Claims> {
  const known = stacks.map(({ id }) => id);
  const forgotten = [...new Set(things.flatMap(({ site }) => site ?? []))]
    .map(computeStack)
    .filter((id) => !known.includes(id));
  const states = [
    ...(await Promise.all(stacks.map(({ folder }) => terraform.stateNow(folder)))),
    ...(await Promise.all(
      forgotten.map((id) =>
        stateElsewhere(backendBlock(config.backend, namesOf(config).state(id)), stacks, terraform),
      ),
    )),
  ];
  const claimed = new Set(states.flatMap((state) => claimedBy(state, config)));
  return {
    states: states.filter(({ lineage }) => lineage !== undefined).length,
    has: ({ kind, id, by }) => claimed.has(`${kind} ${id}`) || by.some((one) => claimed.has(one)),
  };
}

function claimedBy({ managed }: State, { name }: Config): string[] {
  return managed.flatMap(({ type, attributes }) => {
    const { kind, attributes: keys = [] } = resources[type] ?? {};
    const {
      NODE,
      SITE,
      GENERATION,
      ACTIVATION_ID = "",
    } = (attributes["triggers"] ?? {}) as Partial<Record<string, string>>;
    return [
      ...keys.map((key) => `${kind ?? ""} ${String(attributes[key])}`),
      // The identity that a destroy deregisters.
      ...(NODE === undefined ? [] : [`identity ${name}/${SITE ?? ""}/${NODE}/${GENERATION ?? ""}`]),
      // States of earlier releases don't record it.
      ...(ACTIVATION_ID === "" ? [] : [`registration ${ACTIVATION_ID}`]),
    ];
  });
}
