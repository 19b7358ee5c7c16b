import type { Environment } from "../schema";

/** The starting point: copy it, give the copy a name of its own, and enter your account. */
export default {
  name: "anywhere-dev",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  // States are kept in the project's folder `state`. Git ignores it, and `git clean -fdx` deletes it, along with all
  // knowledge of what is deployed. For any deployment you keep, use S3 or HCP Terraform: see `backend` in prod.ts.
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  images: { app: { build: "app" } },
  services: { web: { image: "app", security: "strict", http: { port: 8080, handover: "app" } } },
} satisfies Environment;
