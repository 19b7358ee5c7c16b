import type { Account } from "./account";
import { actionRoutes } from "./actions";
import { certificates } from "./certificates";
import { deleteByTagRoutes, droplets } from "./droplets";
import { firewalls } from "./firewalls";
import { loadBalancers } from "./load-balancers";
import { resourceRoutes, type Routes } from "./resource";
import { tagResourcesRoutes, tags } from "./tags";
import { vpcs } from "./vpcs";

/** Every call that this cloud answers. */
export function createRoutes(account: Account): Routes {
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
    "GET /v2/account": {
      call: () => ({
        account: {
          droplet_limit: 1000,
          floating_ip_limit: 0,
          email: "local@example.com",
          uuid: account.world.account,
          email_verified: true,
          status: "active",
          status_message: "",
        },
      }),
    },
  };
}
