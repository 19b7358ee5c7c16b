import type { Environment } from "../../config/schema";

/** An unmodified image from a public registry: a proxy hands requests over. */
export default {
  name: "nginx",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  services: {
    web: {
      image: "public.ecr.aws/nginx/nginx:1.29",
      http: { port: 8080, containerPort: 80, health: { path: "/" } },
    },
  },
} satisfies Environment;
