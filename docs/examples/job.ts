import type { Environment } from "../../config/schema";

/** A nightly job with its own image. */
export default {
  name: "nightly",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 1 } },
  jobs: {
    report: {
      image: "registry.example/shop/report:7",
      command: ["report", "--yesterday"],
      schedule: "cron(30 4 * * ? *)",
      timezone: "Europe/Amsterdam",
      site: "ams3",
      permissions: [{ actions: ["s3:PutObject"], resources: ["arn:aws:s3:::shop-reports/*"] }],
    },
  },
} satisfies Environment;
