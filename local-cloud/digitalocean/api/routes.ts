import type { Account } from "../account";
import { actionRoutes } from "../actions";
import { showImage, showRegions, showSizes } from "../catalog";
import { certificates } from "../certificates";
import { deleteByTagRoutes, droplets } from "../droplets";
import { firewalls } from "../firewalls";
import { loadBalancers } from "../load-balancers";
import { metricsRoutes } from "../metrics";
import { page, required, resourceRoutes, type Routes } from "./resource";
import { tagResourcesRoutes, tags } from "../tags";
import { vpcs } from "../vpcs";

/** Every call that this cloud answers. */
export function createRoutes(account: Account): Routes {
  const { behaviour } = account.world.digitalocean;
  return {
    ...resourceRoutes(tags(account)),
    ...tagResourcesRoutes(account),
    ...resourceRoutes(vpcs(account)),
    ...resourceRoutes(firewalls(account)),
    ...resourceRoutes(certificates(account)),
    ...resourceRoutes(loadBalancers(account)),
    ...resourceRoutes(droplets(account)),
    ...deleteByTagRoutes(account),
    ...actionRoutes(account),
    ...metricsRoutes(account),
    "GET /v2/account": {
      call: () => ({
        account: {
          droplet_limit: behaviour.dropletLimit,
          floating_ip_limit: 0,
          email: "local@example.com",
          uuid: account.world.account,
          email_verified: true,
          status: "active",
          status_message: "",
        },
      }),
    },
    "GET /v2/regions": { call: (call) => page(call, "/v2/regions", "regions", showRegions(behaviour)) },
    "GET /v2/sizes": { call: (call) => page(call, "/v2/sizes", "sizes", showSizes(behaviour)) },
    "GET /v2/images/{image_id}": {
      call: ({ parameters }) => ({ image: required(showImage(behaviour, parameters.image_id ?? "")) }),
    },
  };
}
