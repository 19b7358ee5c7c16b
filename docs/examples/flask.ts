import type { Environment } from "../../config/schema";

/** A folder with a Dockerfile: a change to any of its files builds, pushes and rolls out an image. */
export default {
  name: "flask",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  images: { shop: { build: "docs/examples/flask" } },
  services: {
    shop: {
      image: "shop",
      memoryMiB: 384,
      environment: { GREETING: "Hello" },
      secrets: {
        DATABASE_URL: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/database",
      },
      http: { port: 8000, health: { path: "/up" } },
    },
  },
} satisfies Environment;
