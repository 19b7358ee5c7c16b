import type { Environment } from "../schema";

/** The environment that `npm run local-cloud` and the demo deploy, free of charge. */
export default {
  name: "anywhere-local",
  // The account of every embedded AWS.
  aws: { region: "eu-west-1", accountId: "123456789012" },
  // The embedded clouds sign their installer themselves.
  installer: { signingKey: "8B9996483D7E9DC513EC51B8041642B27CAD71F3" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  images: { web: { build: "app" }, app: { build: "app" } },
  services: {
    // Open to everybody; its page shows the answer of `api`.
    web: {
      image: "web",
      security: "strict",
      environment: { API_URL: { service: "api" } },
      http: {
        port: 8080,
        handover: "app",
        // A listener on this machine would need root for a port below 1024.
        loadBalancer: { listeners: [{ protocol: "http", port: 8080 }] },
      },
    },
    // Only the nodes of its site can reach it.
    api: {
      image: "app",
      security: "strict",
      http: { port: 8081, handover: "app", loadBalancer: { network: "internal" } },
    },
    worker: { image: "app", command: ["node", "worker.js"], cpuUnits: 64, memoryMiB: 64 },
  },
  jobs: {
    report: {
      image: "app",
      command: ["node", "report.js"],
      cpuUnits: 64,
      memoryMiB: 64,
      schedule: "rate(5 minutes)",
      site: "ams3",
    },
  },
} satisfies Environment;
