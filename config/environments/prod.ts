import type { Environment } from "../schema";

/** Two clouds and a server room: states in S3, named nodes, TLS in front. */
export default {
  name: "anywhere-prod",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  backend: { kind: "s3", bucket: "anywhere-prod-states", region: "eu-west-1" },
  tags: { team: "platform", environment: "prod" },
  logRetentionDays: 90,
  sites: {
    ams3: {
      kind: "digitalocean",
      region: "ams3",
      size: "s-2vcpu-4gb",
      nodes: { "web-1": {}, "web-2": {}, "web-3": { attributes: { disk: "ssd" } } },
      loadBalancer: {
        listeners: [
          { protocol: "http", port: 80, redirectTo: 443 },
          { protocol: "https", port: 443, certificate: { domains: ["www.example.com"] } },
        ],
      },
    },
    berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {} } },
  },
  application: {
    image: { build: "app" },
    memoryMiB: 512,
  },
} satisfies Environment;
