import type { Environment } from "../../config/schema";

/** Data that stays on one node: a single task, bound to the node by an attribute. */
export default {
  name: "stateful",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: {
    ams3: {
      kind: "digitalocean",
      region: "ams3",
      size: "s-2vcpu-4gb",
      nodes: { "data-1": { attributes: { disk: "data" } }, "web-1": {} },
    },
  },
  services: {
    search: {
      image: "getmeili/meilisearch:v1.22",
      memoryMiB: 1024,
      placement: { ams3: 1 },
      on: { disk: "data" },
      volumes: [{ hostPath: "/var/lib/search", containerPath: "/meili_data" }],
      environment: { MEILI_NO_ANALYTICS: "true" },
      http: { port: 7700, health: { path: "/health" }, loadBalancer: { network: "internal" } },
    },
  },
} satisfies Environment;
