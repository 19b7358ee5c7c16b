import { PutParameterCommand } from "@aws-sdk/client-ssm";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Ended } from "../../../demo/command";
import type { LocalCloud } from "../../../local-cloud/start";
import type { LifeCycle } from "../deployments/life-cycle";
import { awsClients } from "./clouds";
import { watchProcesses, type Seen } from "./processes";

/** The kind of a secret. No finding names more of it. */
export type Kind = "activation code" | "DigitalOcean token" | "AWS secret key" | "HCP token" | "secret value";

type Where = "command line" | "environment";

/** A process that shows a secret. */
interface Showing {
  readonly where: Where;
  readonly process: Seen;
  /** Whether one of our commands has started it, directly or not. */
  readonly ours: boolean;
}

const isCredentialOfOurs = ({ where, ours }: Showing): boolean => where === "environment" && ours;

/** Where a process has to show a secret, which is nowhere else. */
const rightful: Readonly<Record<Kind, (showing: Showing) => boolean>> = {
  // AWS's installer has no other way to hand the code on than the agent has to take it: an argument.
  "activation code": ({ where, process }) =>
    where === "command line" && process.onMachine && process.program === "amazon-ssm-agent",
  // Users hand them to our commands so, and these to Terraform's providers and to the AWS CLI.
  "DigitalOcean token": isCredentialOfOurs,
  "AWS secret key": isCredentialOfOurs,
  "HCP token": isCredentialOfOurs,
  // The container that is given it.
  "secret value": ({ where, process }) => where === "environment" && process.onMachine,
};

/** Where secrets of a deployment have been found: each finding names the secret's kind, never the secret. */
interface Findings {
  /** Kinds that a command has printed. */
  readonly printed: readonly string[];
  /** Processes that have shown one where none must be, and where that was. */
  readonly processes: readonly string[];
  /** Files below the life cycle's folder, but for those of providers and, but for their logs, of machines. */
  readonly files: readonly string[];
  /** Plans that destroy a stack, which tell all of it, as text for people and as JSON. */
  readonly plans: readonly string[];
}

export const nothingFound: Findings = { printed: [], processes: [], files: [], plans: [] };

/** How much a watch has looked at: processes are those that our commands had started, and those on machines. */
type Extent = Readonly<Record<"commands" | "processes" | "processesOnMachines", number>>;

/** A watch over what commands print and processes show, from now on. */
export interface SecretsWatch {
  /** For the commands: credentials like nothing else on this computer, and what tells their processes from others. */
  readonly variables: NodeJS.ProcessEnv;
  /** The `secrets` of a service: one, whose value is like nothing else on this computer. */
  readonly ofService: Readonly<Record<string, string>>;
  /** Puts that value where the service reads it. */
  store(cloud: LocalCloud): Promise<void>;
  watched(ended: Promise<Ended>): Promise<Ended>;
  extent(): Extent;
  /** Where these, and the codes that states have, are now and have been; plans are made of those of `stacks`. */
  find(life: LifeCycle, stacks: readonly string[]): Promise<Findings>;
  readonly end: () => void;
}

const parameter = "/watched/value";

export function watchSecrets(): SecretsWatch {
  const [token, key, hcp, value] = [`dop_v1_${randomUUID()}`, randomUUID(), randomUUID(), randomUUID()];
  const mark = `SECRETS_WATCH=${randomUUID()}`;
  const [markName = "", markValue] = mark.split("=");
  const processes = watchProcesses();
  const shown: string[] = [];
  const isOurs = ({ environment }: Seen): boolean => environment.includes(mark);
  return {
    variables: {
      DIGITALOCEAN_TOKEN: token,
      AWS_SECRET_ACCESS_KEY: key,
      TF_TOKEN_app_terraform_io: hcp,
      [markName]: markValue,
    },
    ofService: { WATCHED: `arn:aws:ssm:eu-west-1:123456789012:parameter${parameter}` },
    store: async (cloud) => {
      const { ssm } = awsClients(cloud);
      await ssm.send(new PutParameterCommand({ Name: parameter, Value: value, Type: "SecureString" }));
      ssm.destroy();
    },
    watched: async (ended) => {
      const { stdout, stderr } = await ended;
      shown.push(`${stdout}${stderr}`);
      return ended;
    },
    extent: () => ({
      commands: shown.length,
      processes: processes.seen().filter(isOurs).length,
      processesOnMachines: processes.seen().filter(({ onMachine }) => onMachine).length,
    }),
    find: async (life, stacks) => {
      const folder = join(life.folderOf("."), "..", "..");
      const secrets: Readonly<Record<Kind, readonly string[]>> = {
        "activation code": codesIn(join(folder, "state")),
        "DigitalOcean token": [token],
        "AWS secret key": [key],
        "HCP token": [hcp],
        "secret value": [value],
      };
      const kindsIn = (text: string): Kind[] =>
        (Object.keys(secrets) as Kind[]).filter((kind) =>
          secrets[kind].some((secret) => text.includes(secret)),
        );
      const plans: string[] = [];
      for (const stack of stacks) {
        const { text, json } = await planOf(life, stack);
        plans.push(...kindsIn(text).map((kind) => `${stack} as text: ${kind}`));
        plans.push(...kindsIn(json).map((kind) => `${stack} as JSON: ${kind}`));
      }
      return {
        printed: kindsIn(shown.join("\n")),
        processes: processFindings(processes.seen(), isOurs, kindsIn),
        // A state and its backup are one.
        files: distinct(
          filesOf(folder).flatMap((file) =>
            kindsIn(readFileSync(join(folder, file), "latin1")).map(
              (kind) => `${file.replace(/\.backup$/, "")}: ${kind}`,
            ),
          ),
        ),
        plans,
      };
    },
    end: () => {
      processes.end();
    },
  };
}

/** Each once, such as `activation code in the environment of curl`. */
export function processFindings(
  seen: readonly Seen[],
  isOurs: (process: Seen) => boolean,
  kindsIn: (text: string) => readonly Kind[],
): string[] {
  const findings = seen.flatMap((process) =>
    (["command line", "environment"] as const).flatMap((where) =>
      kindsIn(where === "command line" ? process.commandLine : process.environment)
        .filter((kind) => !rightful[kind]({ where, process, ours: isOurs(process) }))
        .map((kind) => {
          const program =
            kindsIn(process.program).length > 0 ? "a program that is named so" : process.program;
          return `${kind} in the ${where} of ${program}${process.onMachine ? " on a machine" : ""}`;
        }),
    ),
  );
  return distinct(findings);
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

/** @throws Error when there is none, since then nothing could be found */
function codesIn(states: string): string[] {
  const texts = readdirSync(states).map((file) => readFileSync(join(states, file), "utf8"));
  const codes = texts.flatMap((text) =>
    [...text.matchAll(/"activation_code": "(\w+)"/g)].map(([, code = ""]) => code),
  );
  if (codes.length === 0) {
    throw new Error(`no activation code in ${states}`);
  }
  return [...new Set(codes)];
}

async function planOf(
  life: LifeCycle,
  stack: string,
): Promise<{ readonly text: string; readonly json: string }> {
  const plan = join(tmpdir(), `plan-${randomUUID()}`);
  const terraform = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run({ ...life.commandOf(stack, ...args), log: undefined });
    if (exitCode !== 0) {
      throw new Error(`terraform ${args[0] ?? ""} of ${stack} ended with exit code ${exitCode}`);
    }
    return stdout + stderr;
  };
  try {
    const text = await terraform("plan", "-destroy", "-input=false", "-no-color", `-out=${plan}`);
    return { text, json: await terraform("show", "-json", plan) };
  } finally {
    rmSync(plan, { force: true });
  }
}

/** Files of the deployment. @throws Error when no bootstrap log is among them */
function filesOf(folder: string): string[] {
  const isApart = (file: string): boolean =>
    /(^|\/)(providers|bin)\//.test(file) ||
    (file.startsWith("machines/") && !file.includes("/disk/var/log/"));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => !isApart(file) && statSync(join(folder, file), { throwIfNoEntry: false })?.isFile(),
  );
  if (!files.some((file) => file.endsWith("/anywhere-bootstrap.log"))) {
    throw new Error(`no bootstrap log of a machine in ${folder}`);
  }
  return files;
}
