import type { Environment } from "../schema";

/** The starting point: copy it, and replace the account by your own. */
export default {
  name: "anywhere-dev",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  // States lie in the project's folder `state`, which git ignores and `git clean -fdx` deletes, and with it all that
  // knows what is deployed. For anything that you keep, use S3 or HCP Terraform: see `backend` in prod.ts.
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  images: { app: { build: "app" } },
  services: { web: { image: "app", security: "strict", http: { port: 8080, handover: "app" } } },
} satisfies Environment;
