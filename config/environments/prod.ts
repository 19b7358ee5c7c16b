import type { Environment } from "../schema";

/** Two clouds and a server room, two web services, a worker and a job: states in S3, named nodes, TLS in front. */
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
    },
    berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {} } },
  },
  images: { app: { build: "app" } },
  services: {
    // Open to everybody, through a load balancer with TLS. It calls `api`, which has a URL only at ams3.
    web: {
      image: "app",
      memoryMiB: 512,
      security: "strict",
      environment: { API_URL: { service: "api" } },
      placement: { ams3: 3 },
      http: {
        port: 8080,
        handover: "app",
        loadBalancer: {
          listeners: [
            { protocol: "http", port: 80, redirectTo: 443 },
            { protocol: "https", port: 443, certificate: { domains: ["www.example.com"] } },
          ],
        },
      },
    },
    // Only the nodes of its site can reach it.
    api: {
      image: "app",
      placement: { ams3: 2 },
      http: { port: 8081, containerPort: 8080, loadBalancer: { network: "internal" } },
    },
    // No port: one task on every node, in the server room too.
    worker: { image: "app", command: ["node", "worker.js"], security: "strict" },
  },
  jobs: {
    report: {
      image: "app",
      command: ["node", "report.js"],
      schedule: "cron(30 4 * * ? *)",
      timezone: "Europe/Amsterdam",
      site: "ams3",
      on: { disk: "ssd" },
    },
  },
} satisfies Environment;
