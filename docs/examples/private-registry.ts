import type { Environment } from "../../config/schema";

/** An image from a private registry, with its user name and password in Secrets Manager. */
export default {
  name: "registry",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  services: {
    web: {
      image: "ghcr.io/acme/shop:2026-11-20",
      registryCredentials: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ghcr-a1b2c3",
      http: { port: 8080, containerPort: 3000 },
    },
  },
} satisfies Environment;
