import type { Environment } from "../../config/schema";

/** One DigitalOcean site with two nodes: as little as a deployment needs. */
export const oneSite = {
  name: "shop",
  aws: { region: "eu-west-1", accountId: "123456789012" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  application: { image: { uri: "registry.example/shop/app:v1" } },
} satisfies Environment;

/** Two DigitalOcean sites and one on premises, with about every setting that there is. */
export const threeSites = {
  name: "shop",
  aws: { region: "eu-west-1", accountId: "123456789012" },
  tags: { team: "platform" },
  logRetentionDays: 7,
  sites: {
    ams3: {
      kind: "digitalocean",
      region: "ams3",
      size: "s-2vcpu-2gb",
      nodes: {
        "web-1": {},
        "web-2": { size: "s-2vcpu-4gb", attributes: { disk: "ssd" } },
        "web-3": { replacement: 2 },
      },
      vpc: { ipRange: "10.20.0.0/20" },
      ssh: { keys: ["3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"], allowFrom: ["203.0.113.0/24"] },
      extraEgress: [{ protocol: "tcp", ports: "5432", addresses: ["198.51.100.0/24"] }],
      loadBalancer: {
        allowFrom: ["203.0.113.0/24"],
        listeners: [
          { protocol: "http", port: 80, redirectTo: 443 },
          { protocol: "https", port: 443, certificate: { domains: ["www.example.com"] } },
          { protocol: "https", port: 8443, certificate: { name: "existing" } },
        ],
      },
    },
    fra1: { kind: "digitalocean", region: "fra1", nodes: 1 },
    berlin: {
      kind: "on-premises",
      nodes: { "rack-1": {}, "rack-2": {} },
      activationDays: 30,
      awaitNodes: true,
    },
  },
  application: {
    image: { uri: "registry.example/shop/app:v1" },
    port: 3000,
    environment: { LOG_LEVEL: "info" },
    secrets: {
      DB_PASSWORD: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::",
      API_KEY: "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/api-key",
    },
    secretKeys: ["arn:aws:kms:eu-west-1:123456789012:key/0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11"],
    placement: { ams3: 2, berlin: 2 },
    exec: true,
  },
} satisfies Environment;
