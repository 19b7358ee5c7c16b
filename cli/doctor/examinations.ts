import type { Config } from "../../config/schema";
import { awsProblems } from "../checks/aws";
import type { Check, Undertaking } from "../checks/check";
import { digitalOceanProblems } from "../checks/digitalocean/account";
import { dockerProblems } from "../checks/docker";
import { installerProblems } from "../checks/installer";
import { versionOf, type Requirement } from "../checks/program";
import { awsCli, bash, scriptProblems } from "../checks/scripts";
import { terraformOf, terraformProblems } from "../checks/terraform";
import { workspaceProblems } from "../checks/workspaces";
import type { Finding } from "../report/schemas/doctor-report";
import { findings } from "./findings";

/** A check of a deploy, and the text for when it finds no problem. */
interface Examination {
  readonly about: string;
  readonly check: Check;
  readonly good: (undertaking: Undertaking) => Promise<string> | string;
}

const version = async (
  requirement: Pick<Requirement, "command" | "args" | "pattern">,
  variables: NodeJS.ProcessEnv,
) => `${requirement.command} ${(await versionOf(requirement, variables)) ?? "of an unknown version"}`;

const docker = {
  command: "docker",
  args: ["version", "--format", "{{.Server.Version}}"],
  pattern: /^(\d\S*)/,
};

const examinations: readonly Examination[] = [
  {
    about: "Terraform",
    check: terraformProblems,
    good: ({ environment, variables }) => version(terraformOf(environment.config, variables), variables),
  },
  {
    about: "scripts",
    check: scriptProblems,
    good: async ({ variables }) =>
      (await Promise.all([bash, awsCli].map((program) => version(program, variables)))).join(", "),
  },
  {
    about: "images",
    check: dockerProblems,
    good: async ({ environment, variables }) => {
      if (Object.keys(environment.config.images).length === 0) {
        return "none is built";
      }
      const found = await versionOf(docker, variables);
      return found === undefined ? "none has to be built now" : `docker ${found}`;
    },
  },
  {
    about: "AWS",
    check: awsProblems,
    good: ({ environment: { config } }) => `account ${config.aws.accountId}, ${stateOf(config)}`,
  },
  {
    about: "HCP Terraform",
    check: workspaceProblems,
    good: ({ environment: { config } }) => stateOf(config),
  },
  {
    about: "DigitalOcean",
    check: digitalOceanProblems,
    good: ({ environment: { config } }) => {
      const sites = Object.entries(config.sites).flatMap(([name, { kind }]) =>
        kind === "digitalocean" ? [name] : [],
      );
      return sites.length === 0
        ? "no site uses it"
        : `token, scopes, quota, sizes and images are sufficient for ${sites.join(", ")}`;
    },
  },
  {
    about: "installer",
    check: installerProblems,
    good: () => "nodes run it only if the file's key has signed it",
  },
];

/** The location of the states. */
function stateOf({ backend }: Config): string {
  switch (backend.kind) {
    case "s3":
      return `states in the S3 bucket ${backend.bucket}`;
    case "cloud":
      return `states in ${backend.organization} at ${backend.hostname}`;
    case "local":
      return `states in the folder ${backend.folder}`;
  }
}

/** Whether a deploy of everything would start, and if not, why: its preflight checks, each reported separately. */
export async function examine(undertaking: Omit<Undertaking, "notice">): Promise<Finding[]> {
  const backend = undertaking.environment.config.backend.kind;
  const needed = examinations.filter(({ about }) => about !== "HCP Terraform" || backend === "cloud");
  const found = await Promise.all(
    needed.map(async ({ about, check, good }) => {
      const unchecked: string[] = [];
      const notice = (text: string) => {
        unchecked.push(text);
      };
      const own = { ...undertaking, notice };
      const wrong = await check(own);
      return findings(about, { wrong, unchecked }, await good(own));
    }),
  );
  return found.flat();
}
