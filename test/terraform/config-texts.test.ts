import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parseConfig } from "../../config/load";
import { dropletsOf } from "../../config/sites/nodes";
import type { Environment } from "../../config/schema";
import { asTerraformText } from "../../stacks/terraform-text";
import { problemsOf } from "../support/config-problems";
import { oneSite, threeSites } from "../support/environments";
import { resourceAt, stackOf, synth } from "../support/synth";
import { textAt, textFields, textSettings, withText } from "../support/text-fields";

/** Environments that fill every text there is between them. */
const environments: readonly Environment[] = [
  {
    ...threeSites,
    sites: {
      ...threeSites.sites,
      ams3: {
        ...threeSites.sites.ams3,
        image: "ubuntu-24-04-x64",
        nodes: {
          "web-1": { attributes: { disk: "ssd" } },
          "web-2": { size: "s-2vcpu-4gb", image: "debian-12-x64" },
        },
      },
      berlin: { kind: "on-premises", nodes: { "rack-1": { attributes: { rack: "left" } }, "rack-2": {} } },
    },
    installer: { signingKey: "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F" },
    backend: { kind: "s3", bucket: "states", region: "eu-west-1", kmsKeyId: "alias/states" },
    application: { ...threeSites.application, health: { path: "/healthz" } },
    monitoring: { subscribers: [{ protocol: "email", endpoint: "somebody@example.com" }] },
  },
  {
    ...oneSite,
    backend: { kind: "cloud", organization: "acme", hostname: "app.terraform.io", project: "shops" },
    application: { image: { build: "app" } },
  },
  { ...oneSite, backend: { kind: "local", folder: "state" } },
];

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
  "application.environment.*",
  "application.health.path",
  "application.secrets.*",
  "backend (local).folder",
  "monitoring.subscribers[].endpoint",
  "sites.* (digitalocean).loadBalancer.listeners[] (https).certificate (name).name",
];

const fields = environments.flatMap((environment) =>
  textFields(environment).map((field) => ({ environment, field })),
);

test("the environments of this test fill every text that the schema knows, and are valid", () => {
  expect([...new Set(fields.map(({ field }) => field.setting))].sort()).toEqual(textSettings().sort());
  expect(environments.flatMap(problemsOf)).toEqual([]);
});

test.each(Object.entries(hostile))(
  "%s in any text is refused in one line that says where, or is taken where texts are free",
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
          expect(problem.startsWith(`test.ts: ${setting}`)).toBe(true);
          expect(problem).toMatch(/ \((got [^\n\r]*|it is missing)\)$/);
          expect(problem).not.toMatch(/Invalid/);
        }
      }
    }
    expect(free).toEqual(expect.arrayContaining([...taken]));
    expect([...taken]).toContain("application.environment.*");
  },
);

/** All of the free texts that become part of a stack, as hostile as they may be. */
const attacked = {
  ...threeSites,
  backend: { kind: "local", folder: "/var/\"double\" 'single' \\u0041 ü → 🚀 $(id) $HOME %7B" },
  sites: {
    ...threeSites.sites,
    ams3: {
      ...threeSites.sites.ams3,
      loadBalancer: {
        listeners: [
          {
            protocol: "https" as const,
            port: 443,
            certificate: {
              name: Object.values(hostile)
                .join(" ")
                .replace(/[\n\r\t]/g, " "),
            },
          },
        ],
      },
    },
  },
  application: {
    ...threeSites.application,
    health: { path: "/${x}/%{if_true}/$${x}/\"'\\`" },
    environment: Object.fromEntries(Object.values(hostile).map((text, index) => [`TEXT_${index}`, text])),
    secrets: { KEY: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:${x}%{if true}::" },
  },
} satisfies Environment;

/** What the real Terraform makes of values of its JSON. */
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
  const balancer = resourceAt(stackOf(stacks, "compute-ams3"), "digitalocean_loadbalancer.public");
  const application = stackOf(stacks, "application");
  const task = resourceAt(application, "aws_ecs_task_definition.app");
  const state = application.data?.["terraform_remote_state"]?.["control-plane"];
  const { containers, path, certificate, folder } = evaluate({
    containers: task["container_definitions"],
    path: (balancer["healthcheck"] as { path: string }).path,
    certificate: (balancer["forwarding_rule"] as { certificate_name: string }[])[0]?.certificate_name,
    folder: (state?.["config"] as { path: string }).path,
  });
  const [container] = JSON.parse(String(containers)) as {
    environment: { name: string; value: string }[];
    secrets: object[];
  }[];
  expect(container?.environment).toEqual(
    expect.arrayContaining(
      Object.entries({
        ...attacked.application.environment,
        HEALTH_PATH: attacked.application.health.path,
      }).map(([name, value]) => ({ name, value })),
    ),
  );
  expect(container?.secrets).toEqual([{ name: "KEY", valueFrom: attacked.application.secrets.KEY }]);
  expect(path).toBe(attacked.application.health.path);
  expect(certificate).toBe(attacked.sites.ams3.loadBalancer.listeners[0]?.certificate.name);
  // In a backend block Terraform evaluates nothing: the same text must be right in both places.
  expect(folder).toBe(`${attacked.backend.folder}/shop--control-plane.tfstate`);
  expect(stackOf(stacks, "control-plane").terraform.backend).toEqual({ local: { path: folder } });
});

test("no text of a user becomes an expression, in any stack", () => {
  const harmless = {
    ...attacked,
    sites: {
      ...attacked.sites,
      ams3: {
        ...attacked.sites.ams3,
        loadBalancer: { listeners: [{ protocol: "https", port: 443, certificate: { name: "www" } }] },
      },
    },
    application: {
      ...attacked.application,
      health: { path: "/" },
      environment: {},
      secrets: { KEY: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf" },
    },
  } satisfies Environment;
  const expressions = (environment: Environment) =>
    [...JSON.stringify(synth(environment)).matchAll(/(?<![$%])[$%]\{.*?\}/g)].map(([text]) => text).sort();
  expect(expressions(attacked)).toEqual(expressions(harmless));
});

test("every sequence of $, %, { and others survives Terraform", () => {
  const letters = ["$", "%", "{", "a"];
  const longer = (texts: string[]): string[] =>
    texts.flatMap((text) => letters.map((letter) => text + letter));
  const texts = [letters, longer(letters), longer(longer(letters)), longer(longer(longer(letters)))].flat();
  expect(evaluate({ texts: asTerraformText(texts) })).toEqual({ texts });
});

test("what nodes are made of needs no escaping, so that commands and stacks compute the same generations", () => {
  const { sites } = parseConfig(attacked, "test");
  const site = sites["ams3"];
  if (site?.kind !== "digitalocean") {
    throw new Error("no site ams3 at DigitalOcean");
  }
  const place = { deployment: "shop", site: "ams3" };
  expect(dropletsOf(place, asTerraformText(site))).toEqual(dropletsOf(place, site));
});

test.each(["${TfToken[TOKEN.1]}", "#{TfToken[TOKEN.1]}", "&{TfToken[TOKEN.1]}"])(
  "%s is refused, since CDKTF would take it for its own",
  (text) => {
    const application = { ...oneSite.application, environment: { TEXT: text } };
    expect(problemsOf({ ...oneSite, application })).toEqual([
      `test.ts: application.environment.TEXT must not hold {TfToken[ after $, # or &, by which CDKTF marks its own references (got "${text}")`,
    ]);
  },
);
