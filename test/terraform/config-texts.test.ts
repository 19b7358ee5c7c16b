import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parseConfig } from "../../config/load";
import { resolveSites } from "../../config/sites/nodes";
import type { Environment } from "../../config/schema";
import { asTerraformText } from "../../stacks/terraform-text";
import { problemsOf } from "../support/synthesis/config-problems";
import type { ContainerJson } from "../support/synthesis/containers";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { everyTextFilled } from "../support/synthesis/every-text";
import { resourceAt, stackOf, synth } from "../support/synthesis/synth";
import { textAt, textFields, textSettings, withText } from "../support/synthesis/text-fields";

/** Texts that Terraform, CDKTF, JSON, a shell or a template could take for something else. */
const hostile = {
  "a reference": "${x}",
  "a directive": "%{if true}",
  "an escaped reference": "$${x} %%{x}",
  "a nested reference": '${join("", ["${x}"])}',
  quotes: `"double" 'single'`,
  backslashes: "C:\\new \\u0041 \\${x}",
  lines: "one\ntwo\r\nthree\t",
  unicode: "ü → 🚀 \u2028",
  "a shell's expansions": "$(id) `id` $HOME ~ * ; & |",
};

/** Where what is written for people or machines outside AWS's and DigitalOcean's names is taken as it is. */
const free = [
  "backend (local).folder",
  ...["services.*", "jobs.*"].flatMap((container) => [
    `${container}.command[]`,
    `${container}.entryPoint[]`,
    `${container}.environment.*`,
    // IAM has variables of its own.
    `${container}.permissions[].resources[]`,
    `${container}.secrets.*`,
    `${container}.tmpfs[]`,
    `${container}.volumes[].containerPath`,
    `${container}.volumes[].hostPath`,
  ]),
  "services.*.healthCommand[]",
  "services.*.http.health.path",
  "services.*.http.loadBalancer (network).listeners[] (https).certificate (name).name",
  "services.*.http.sites.* (network).listeners[] (https).certificate (name).name",
];

const fields = everyTextFilled.flatMap((environment) =>
  textFields(environment).map((field) => ({ environment, field })),
);

test("the environments of this test fill every text in the schema, and are valid", () => {
  expect([...new Set(fields.map(({ field }) => field.setting))].sort()).toEqual(textSettings().sort());
  expect(everyTextFilled.flatMap(problemsOf)).toEqual([]);
});

test.each(Object.entries(hostile))(
  "a text with %s is refused in one line that says where, or accepted where texts are free",
  (_label, text) => {
    const taken = new Set<string>();
    for (const { environment, field } of fields) {
      const before = textAt(environment, field);
      for (const written of [text, before + text, text + before]) {
        const problems = problemsOf(withText(environment, field, written));
        const [setting] = field.setting.split(/[. ]/);
        if (problems.length === 0) {
          taken.add(field.setting);
        }
        for (const problem of problems) {
          expect(problem.slice(0, `test.ts: ${setting}`.length)).toBe(`test.ts: ${setting}`);
          expect(problem).toMatch(/ \((got [^\n\r]*|it is missing)\)$/);
          expect(problem).not.toMatch(/Invalid/);
        }
      }
    }
    expect(free).toEqual(expect.arrayContaining([...taken]));
    expect([...taken]).toContain("services.*.environment.*");
  },
);

const listening = (name: string) => ({
  listeners: [{ protocol: "https" as const, port: 443, certificate: { name } }],
});
const texts = Object.values(hostile);

/** All of the free texts that become part of a stack, as hostile as they may be. */
const attacked = {
  ...threeSites,
  backend: { kind: "local", folder: "/var/\"double\" 'single' \\u0041 ü → 🚀 $(id) $HOME %7B" },
  services: {
    web: {
      ...threeSites.services.web,
      command: texts,
      healthCommand: texts,
      permissions: [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::${aws:username}/*"] }],
      volumes: [{ hostPath: "/${x}/%{if true}", containerPath: "/$${x}/ü" }],
      environment: Object.fromEntries(texts.map((text, index) => [`TEXT_${index}`, text])),
      secrets: { KEY: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:${x}%{if true}::" },
      http: {
        ...threeSites.services.web.http,
        health: { path: "/$(x)/~*;&/%20" },
        loadBalancer: listening(texts.join(" ").replace(/[\n\r\t]/g, " ")),
      },
    },
  },
  jobs: {},
} satisfies Environment;

/** The real Terraform's reading of values in its JSON. */
function evaluate(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), "evaluation-"));
  const terraform = (...args: string[]) =>
    execFileSync("terraform", args, {
      cwd: folder,
      env: { PATH: process.env["PATH"], CHECKPOINT_DISABLE: "1" },
      timeout: 60_000,
      encoding: "utf8",
    });
  try {
    const output = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ output }));
    terraform("apply", "-auto-approve", "-input=false", "-no-color");
    const outputs = JSON.parse(terraform("output", "-json")) as Record<string, { value: unknown }>;
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("Terraform reads every free text as it was written", () => {
  const stacks = synth(attacked);
  const balancer = resourceAt(stackOf(stacks, "compute-ams3"), "digitalocean_loadbalancer.web");
  const service = stackOf(stacks, "service-web");
  const task = service.locals["task_definitions"]?.["ams3"];
  const state = service.data?.["terraform_remote_state"]?.["control-plane"];
  const { containers, volumes, path, certificate, folder } = evaluate({
    containers: task?.["containers"],
    volumes: task?.["volumes"],
    path: (balancer["healthcheck"] as { path: string }).path,
    certificate: (balancer["forwarding_rule"] as { certificate_name: string }[])[0]?.certificate_name,
    folder: (state?.["config"] as { path: string }).path,
  });
  const { web } = attacked.services;
  const [container] = JSON.parse(String(containers)) as (ContainerJson & {
    mountPoints: { containerPath: string }[];
  })[];
  expect(container?.environment).toEqual(
    expect.arrayContaining(
      Object.entries({ ...web.environment, HEALTH_PATH: web.http.health.path }).map(([name, value]) => ({
        name,
        value,
      })),
    ),
  );
  expect(container?.command).toEqual(texts);
  expect(container?.healthCheck?.command).toEqual(["CMD", ...texts]);
  expect(container?.mountPoints.map(({ containerPath }) => containerPath)).toEqual([
    web.volumes[0]?.containerPath,
  ]);
  expect(volumes).toEqual({ "volume-1": web.volumes[0]?.hostPath });
  expect(container?.secrets).toEqual([{ name: "KEY", valueFrom: web.secrets.KEY }]);
  expect(path).toBe(web.http.health.path);
  expect(certificate).toBe(web.http.loadBalancer.listeners[0]?.certificate.name);
  // In a backend block Terraform evaluates nothing: the same text must be right in both places.
  expect(folder).toBe(`${attacked.backend.folder}/shop--control-plane.tfstate`);
  expect(stackOf(stacks, "control-plane").terraform.backend).toEqual({ local: { path: folder } });
});

test("no text of a user's becomes an expression in any stack", () => {
  const { web } = attacked.services;
  const harmless = {
    ...attacked,
    services: {
      web: {
        ...web,
        command: ["run"],
        healthCommand: ["check"],
        permissions: [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::files/*"] }],
        volumes: [{ hostPath: "/srv", containerPath: "/data" }],
        environment: {},
        secrets: { KEY: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf" },
        http: { ...web.http, health: { path: "/" }, loadBalancer: listening("www") },
      },
    },
  } satisfies Environment;
  const expressions = (environment: Environment) =>
    [...JSON.stringify(synth(environment)).matchAll(/(?<![$%])[$%]\{.*?\}/g)].map(([text]) => text).sort();
  expect(expressions(attacked)).toEqual(expressions(harmless));
});

test("every sequence of $, %, { and letters survives Terraform", () => {
  const letters = ["$", "%", "{", "a"];
  const longer = (texts: string[]): string[] =>
    texts.flatMap((text) => letters.map((letter) => text + letter));
  const sequences = [
    letters,
    longer(letters),
    longer(longer(letters)),
    longer(longer(longer(letters))),
  ].flat();
  expect(evaluate({ sequences: asTerraformText(sequences) })).toEqual({ sequences });
});

test("the settings of nodes need no escaping, so that commands and stacks compute the same generations", () => {
  const config = parseConfig(attacked, "test");
  expect(resolveSites(asTerraformText(config))).toEqual(resolveSites(config));
});

test.each(["${TfToken[TOKEN.1]}", "#{TfToken[TOKEN.1]}", "&{TfToken[TOKEN.1]}"])(
  "%s is refused, since CDKTF would take it for its own",
  (text) => {
    const services = { web: { ...oneSite.services.web, environment: { TEXT: text } } };
    expect(problemsOf({ ...oneSite, services })).toEqual([
      `test.ts: services.web.environment.TEXT must not contain {TfToken[ after $, # or &, which CDKTF uses to mark its own references (got "${text}")`,
    ]);
  },
);
