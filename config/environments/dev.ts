import type { Environment } from "../schema";

/** The starting point: copy it, and replace the account and the image by your own. */
export default {
  name: "anywhere-dev",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: {
    ams3: { kind: "digitalocean", region: "ams3", nodes: 2 },
  },
  application: {
    image: { uri: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/anywhere-dev/app:v1" },
  },
} satisfies Environment;
