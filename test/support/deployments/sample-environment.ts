import type { Environment } from "../../../config/schema";
import { signingKeyFingerprint } from "../../../local-cloud/nodes/origin/signature";

type Http = NonNullable<NonNullable<Environment["services"]>[string]["http"]>;

/** The load balancer in front of the service `web` at a site. */
type LoadBalancer = NonNullable<Http["sites"]>[string];

/** A site of an environment, and what differs there for the service `web`. */
export type SiteSettings = Environment["sites"][string] & { readonly loadBalancer?: LoadBalancer };

/** Name of a deployment, unless its environment says another. */
const deployment = "shop";

/** An environment of the embedded clouds' account with these sites, whose service `web` is the sample. */
export function environmentOf(
  sites: Readonly<Record<string, SiteSettings>>,
  more: Partial<Environment> = {},
): Environment {
  const ofWeb = Object.entries(sites).flatMap(([name, { loadBalancer }]) =>
    loadBalancer === undefined ? [] : [[name, loadBalancer]],
  );
  const { services = { web: sample() }, ...rest } = more;
  const { web } = services;
  return {
    name: deployment,
    aws: { region: "eu-west-1", accountId: "123456789012" },
    // The embedded clouds sign their installer themselves.
    installer: { signingKey: signingKeyFingerprint },
    ...rest,
    services:
      web?.http === undefined
        ? services
        : {
            ...services,
            web: {
              ...web,
              http: {
                ...web.http,
                sites: { ...(Object.fromEntries(ofWeb) as Http["sites"]), ...web.http.sites },
              },
            },
          },
    sites: Object.fromEntries(
      Object.entries(sites).map(([name, site]) => [
        name,
        Object.fromEntries(Object.entries(site).filter(([setting]) => setting !== "loadBalancer")),
      ]),
    ) as Environment["sites"],
  };
}

/** The sample as a service: it hands over by itself. */
export function sample(more: Partial<NonNullable<Environment["services"]>[string]> = {}) {
  return {
    image: "localhost/anywhere/app:v1",
    security: "strict",
    http: { port: 8080, handover: "app" },
    ...more,
  } satisfies NonNullable<Environment["services"]>[string];
}
