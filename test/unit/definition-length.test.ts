import { expect, test } from "@jest/globals";
import { ConfigError } from "../../config/load";
import type { Environment } from "../../config/schema";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth, type StackJson } from "../support/synthesis/synth";

type Service = NonNullable<Environment["services"]>[string];
type Job = NonNullable<Environment["jobs"]>[string];

const uri = "registry.example/shop/app:v1";
const secret = "arn:aws:ssm:eu-west-1:123456789012:parameter/key";
const berlin = { kind: "on-premises", nodes: { "rack-1": {} } } as const;
const internal = { image: uri, http: { port: 8081, loadBalancer: { network: "internal" } } } as const;

/** What a text of Terraform's is at an apply: references have their values, and `$${` is `${`. */
const asApplied = (text: string) =>
  text
    .replace(
      /\$\{data\.terraform_remote_state\.control-plane\.outputs\.repository_urls\.(\w+)\}/g,
      (_, image) => ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop", image].join("/"),
    )
    .replace(
      /\$\{data\.terraform_remote_state\.control-plane\.outputs\.(execution|task)_role_arns\.(\w+)\}/g,
      (_, purpose, name) => ["arn:aws:iam::123456789012:role/shop", name, purpose].join("--"),
    )
    .replace(
      /\$\{data\.terraform_remote_state\.[\w-]+\.outputs\.internal_urls\.api\}/g,
      "http://255.255.255.255",
    )
    .replace(/([$%])\1\{/g, "$1{");

/** The bytes of a registration as Terraform's provider sends it, without tags. */
function lengthAt(stack: StackJson, address: "task" | "job", key: string): number {
  const written = stack.locals[`${address}_definitions`]?.[key];
  const { family, containers, executionRoleArn, taskRoleArn, volumes } = written as Record<string, string>;
  const request = {
    family,
    taskRoleArn,
    executionRoleArn,
    networkMode: "bridge",
    requiresCompatibilities: ["EXTERNAL"],
    containerDefinitions: JSON.parse(containers ?? "") as unknown,
    volumes: Object.entries(volumes ?? {}).map(([name, sourcePath]) => ({ name, host: { sourcePath } })),
  };
  return Buffer.byteLength(asApplied(JSON.stringify(request)));
}

/** The service or job with a variable of this length, and of one byte more for its umlaut. */
const withText = <Settings extends Service | Job>(settings: Settings, length: number) => ({
  ...settings,
  environment: { ...settings.environment, TEXT: "é".padEnd(length, "x") },
});

const problemsOf = (environment: Environment): readonly string[] => {
  try {
    synth(environment);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
};

const remedy = "shorten it, or move large values into files in the image";

test.each<[string, Service, Partial<Environment>]>([
  ["a service without http", { image: uri, command: ["a", "b"], secrets: { KEY: secret } }, {}],
  [
    "a service with its own handover",
    { image: "app", http: { port: 80, handover: "app" } },
    { images: { app: { build: "app" } } },
  ],
  ["a proxied service", { image: uri, http: { port: 80 }, exec: true, healthCommand: ["true"] }, {}],
  ["a proxied service without a load balancer", { image: uri, http: { port: 80 } }, { sites: { berlin } }],
  ["a caller", { image: uri, environment: { API_URL: { service: "api" } } }, { services: { api: internal } }],
  ["a service with a volume", { image: uri, volumes: [{ hostPath: "/srv", containerPath: "/data" }] }, {}],
  ["a service with text that looks like Terraform's", { image: uri, command: ["${a} %{b} $${c}"] }, {}],
])("the task definition of %s may have 65536 bytes, and no more", (_, settings, more) => {
  const withLength = (length: number) =>
    ({
      ...oneSite,
      ...more,
      services: { ...more.services, web: withText(settings, length) },
    }) satisfies Environment;
  const [site = ""] = Object.keys(more.sites ?? oneSite.sites);
  const lengthWith = (length: number) =>
    lengthAt(stackOf(synth(withLength(length)), "service-web"), "task", site);
  const free = 65_536 - lengthWith(1);
  expect(lengthWith(1 + free)).toBe(65_536);
  expect(problemsOf(withLength(2 + free))).toEqual([
    expect.stringMatching(
      new RegExp(
        String.raw`^services\.web\.environment makes the task definition at site ${site} 65537 bytes long, of which it takes \d+, and ECS accepts 65536: ${remedy}$`,
      ),
    ),
  ]);
});

test("the task definition of a job may have 65536 bytes, and no more", () => {
  const job = { image: uri, schedule: "rate(1 hour)", site: "ams3" };
  const withLength = (length: number) =>
    ({ ...oneSite, jobs: { report: withText(job, length) } }) satisfies Environment;
  const lengthWith = (length: number) =>
    lengthAt(stackOf(synth(withLength(length)), "jobs"), "job", "report");
  const free = 65_536 - lengthWith(1);
  expect(lengthWith(1 + free)).toBe(65_536);
  expect(problemsOf(withLength(2 + free))).toEqual([
    expect.stringMatching(
      new RegExp(
        String.raw`^jobs\.report\.environment makes the task definition 65537 bytes long, of which it takes \d+, and ECS accepts 65536: ${remedy}$`,
      ),
    ),
  ]);
});

test.each([
  ["command", { command: ["x".repeat(70_000)] }, 70_004],
  ["entryPoint", { entryPoint: ["x".repeat(70_000)] }, 70_004],
  ["healthCommand", { healthCommand: ["x".repeat(70_000)] }, 70_004],
  [
    "secrets",
    { secrets: Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`KEY_${n}`, secret])) },
    81_891,
  ],
  ["environment", { environment: { A: "x".repeat(40_000) }, command: ["x".repeat(30_000)] }, 40_025],
])(
  "a task definition that is too long is reported at its longest setting, %s",
  (setting, settings, length) => {
    expect(problemsOf({ ...oneSite, services: { web: { image: uri, ...settings } } })).toEqual([
      expect.stringMatching(
        new RegExp(
          `^services\\.web\\.${setting} makes the .* of which it takes ${length}, and ECS accepts 65536: `,
        ),
      ),
    ]);
  },
);

test("every service and job whose task definition is too long is reported, each once", () => {
  const long = { image: uri, command: ["x".repeat(70_000)] };
  const fra1 = { kind: "digitalocean", region: "fra1", nodes: 1 } as const;
  const report = { ...long, schedule: "rate(1 hour)", site: "fra1" };
  const sites = { ...oneSite.sites, fra1 };
  expect(
    problemsOf({ ...oneSite, sites, services: { web: long, api: long }, jobs: { report } }).map(
      (problem) => problem.split(" ")[0],
    ),
  ).toEqual(["services.web.command", "services.api.command", "jobs.report.command"]);
});
