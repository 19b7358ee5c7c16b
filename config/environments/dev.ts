import type { Environment } from "../schema";

/** The starting point: copy it, and replace the account by your own. */
export default {
  name: "anywhere-dev",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: {
    ams3: { kind: "digitalocean", region: "ams3", nodes: 2 },
  },
  application: {
    image: { build: "app" },
  },
} satisfies Environment;
