import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse, relative } from "node:path";
import { expect, test } from "@jest/globals";
import { loadEnvironment, parseConfig } from "../../config/load";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite, threeSites } from "../support/synthesis/environments";

test.each(["dev", "prod", "local"])("environment %s is valid", (name) => {
  expect(loadEnvironment({ ANYWHERE_ENV: name })).toMatchObject({
    name,
    file: join("config", "environments", `${name}.ts`),
    config: { name: `anywhere-${name}` },
  });
});

test("dev is chosen when ANYWHERE_ENV is unset", () => {
  expect(loadEnvironment({}).name).toBe("dev");
});

test("an unknown environment is refused with the list of known ones", () => {
  // Yours are among them.
  const known = readdirSync("config/environments").map((file) => parse(file).name);
  expect(known).toEqual(expect.arrayContaining(["dev", "local", "prod"]));
  expect(() => loadEnvironment({ ANYWHERE_ENV: "staging" })).toThrow(
    `ANYWHERE_ENV is "staging", which is not an environment: choose one of ${known.join(", ")}, or add config/environments/staging.ts`,
  );
  expect(() => loadEnvironment({ ANYWHERE_ENV: "config/environments" })).toThrow(
    `ANYWHERE_ENV is "config/environments", which is not an environment: choose one of ${known.join(", ")}, or give the path of a .ts or .json file`,
  );
});

test("a JSON file elsewhere is an environment too, and is named in its errors", () => {
  const directory = mkdtempSync(join(tmpdir(), "environment-"));
  try {
    const path = join(directory, "review-17.json");
    const file = relative(process.cwd(), path);
    writeFileSync(path, JSON.stringify(oneSite));
    expect(loadEnvironment({ ANYWHERE_ENV: path })).toMatchObject({
      name: "review-17",
      file,
      config: { name: "shop" },
    });
    writeFileSync(path, JSON.stringify({ $schema: "docs/environment.schema.json", ...oneSite }));
    expect(loadEnvironment({ ANYWHERE_ENV: path }).config).toEqual(parseConfig(oneSite, "test"));
    writeFileSync(path, `\uFEFF${JSON.stringify(oneSite)}`);
    expect(loadEnvironment({ ANYWHERE_ENV: path }).config).toEqual(parseConfig(oneSite, "test"));
    writeFileSync(path, JSON.stringify({ ...oneSite, name: "X" }));
    expect(() => loadEnvironment({ ANYWHERE_ENV: path })).toThrow(`${file}: name `);
    writeFileSync(path, '{\n  "name": "shop",\n}');
    expect(() => loadEnvironment({ ANYWHERE_ENV: path })).toThrow(
      `${file}:3:1: isn't JSON (Expected double-quoted property name): correct it there, or just before`,
    );
    writeFileSync(path, "{");
    expect(() => loadEnvironment({ ANYWHERE_ENV: path })).toThrow(`isn't JSON (`);
    rmSync(path);
    const longer = { ANYWHERE_ENV: join(directory, `${"a".repeat(300)}.json`) };
    expect(() => loadEnvironment(longer)).toThrow("is not a file: set ANYWHERE_ENV to one that exists");
    expect(() => loadEnvironment({ ANYWHERE_ENV: path })).toThrow(
      `${file}: is not a file: set ANYWHERE_ENV to one that exists; relative paths start from the project's root`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a JSON file among the environments is chosen by its name, unless a TypeScript file has the same", () => {
  const directory = mkdtempSync(join(tmpdir(), "environments-"));
  try {
    writeFileSync(join(directory, "shop.json"), JSON.stringify(oneSite));
    expect(loadEnvironment({ ANYWHERE_ENV: "shop" }, directory)).toMatchObject({
      name: "shop",
      file: relative(process.cwd(), join(directory, "shop.json")),
    });
    writeFileSync(join(directory, "shop.ts"), "export default {};");
    expect(() => loadEnvironment({ ANYWHERE_ENV: "shop" }, directory)).toThrow(
      'ANYWHERE_ENV is "shop", and config/environments has both shop.json and shop.ts: rename one of them',
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a TypeScript file is chosen by its path, too", () => {
  const path = join("config", "environments", "dev.ts");
  expect(loadEnvironment({ ANYWHERE_ENV: path })).toEqual(loadEnvironment({ ANYWHERE_ENV: "dev" }));
  expect(() => loadEnvironment({ ANYWHERE_ENV: "environments/none.ts" })).toThrow(
    "environments/none.ts: is not a file: set ANYWHERE_ENV to one that exists; relative paths start from the project's root",
  );
});

test("an unknown setting is refused with the one that may be meant", () => {
  expect(
    problemsOf({
      ...oneSite,
      logRetentionDay: 30,
      monitorin: {},
      sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: { one: { sizee: "s-1vcpu-1gb" } } } },
      services: { web: { image: "registry.example/shop:v1", cpu: 64 } },
    }),
  ).toEqual([
    "test.ts: services.web.cpu is not a setting: did you mean cpuUnits? (got 64)",
    'test.ts: sites.ams3.nodes.one.sizee is not a setting: did you mean size? (got "s-1vcpu-1gb")',
    "test.ts: logRetentionDay is not a setting: did you mean logRetentionDays? (got 30)",
    "test.ts: monitorin is not a setting: did you mean monitoring? (got {})",
  ]);
  const ams3 = { ...oneSite.sites.ams3, dropletSize: "s-1vcpu-1gb" };
  expect(problemsOf({ ...oneSite, sites: { ams3 } })).toEqual([
    'test.ts: sites.ams3.dropletSize is not a setting: did you mean size? (got "s-1vcpu-1gb")',
  ]);
  expect(problemsOf({ ...oneSite, sites: { berlin: { kind: "on-premises", nodes: 2 } } })).toEqual([
    'test.ts: sites.berlin.nodes must be the servers by name, such as { "rack-1": {} } (got 2)',
  ]);
});

test("all problems are reported at once, with file, path, value and remedy", () => {
  expect(
    problemsOf({
      ...oneSite,
      name: "Shop",
      aws: { region: "Ireland", accountId: "123" },
      sites: {
        ams3: { kind: "digitalocean", region: "ams3", nodes: 1.5, color: "red" },
        Paris: { kind: "on-premises", nodes: {} },
        oslo: { kind: "dungeon" },
        berlin: {
          kind: "on-premises",
          nodes: { "rack-1": { attributes: { "anywhere.node": "x" } } },
          activationDays: 31,
        },
      },
      services: { web: { cpuUnits: "256", http: { port: 0 }, secrets: { KEY: "hunter2" } } },
    }),
  ).toEqual([
    'test.ts: name must be 3 to 20 of a-z, 0-9 and -, starting with a letter, not ending with - and without -- (got "Shop")',
    'test.ts: aws.region must be an AWS region such as eu-west-1 (got "Ireland")',
    'test.ts: aws.accountId must be 12 digits (got "123")',
    "test.ts: services.web.image must be a string (it is missing)",
    'test.ts: services.web.cpuUnits must be a number (got "256")',
    "test.ts: services.web.secrets.KEY must be the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME) or of an SSM parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME) (got a value that isn't shown)",
    "test.ts: services.web.http.port must be at least 1 (got 0)",
    "test.ts: sites.ams3.nodes must be a number from 0 to 500, or the nodes by name (got 1.5)",
    'test.ts: sites.ams3.color is not a setting: remove it, or check its spelling (got "red")',
    `test.ts: sites.Paris can't be a key: it must be 1 to 24 of a-z, 0-9 and -, starting with a letter, not ending with - and without -- (got "Paris")`,
    'test.ts: sites.oslo.kind must be "digitalocean" or "on-premises" (got "dungeon")',
    'test.ts: sites.berlin.nodes.rack-1.attributes must not have a name that begins with anywhere., the prefix of the deployment\'s own attributes (got {"anywhere.node":"x"})',
    "test.ts: sites.berlin.activationDays must be at most 30 (got 31)",
  ]);
});

test.each([
  [
    { http: { port: 51678 } },
    "services.web.http.port is reserved on every node (22, 2375, 2376, 51678, 51679, 51680 are): choose another (got 51678)",
  ],
  [
    { memoryMiB: 1024 },
    "services.web.memoryMiB doesn't fit node ams3/node-1 (s-1vcpu-1gb): a task needs 1024 MiB of memory in all, and the node has 824 for tasks; lower this, or choose a larger size (got 1024)",
  ],
  [{ placement: { paris: 1 } }, "services.web.placement.paris is not a site: choose one of ams3 (got 1)"],
  [
    { placement: { ams3: 3 } },
    "services.web.placement.ams3 must not exceed 2, the number of nodes that the site has for it: its port is fixed, so only one task fits on a node (got 3)",
  ],
  [
    { environment: { KEY: "x" }, secrets: { KEY: "arn:aws:ssm:eu-west-1:123456789012:parameter/key" } },
    "services.web.secrets.KEY is also in services.web.environment: keep one of them (got a value that isn't shown)",
  ],
  [
    { http: { port: 8080, health: { intervalSeconds: 60, healthyAfter: 5 } } },
    'services.web.http.health makes the load balancer take more than 270 s to bring a node into service, longer than ECS waits for a container: lower intervalSeconds or healthyAfter (got {"intervalSeconds":60,"healthyAfter":5})',
  ],
  [
    { startSeconds: 300 },
    "services.web.startSeconds leaves no time for the 12 s that the load balancer takes to bring a node into service: ECS waits 300 s for both; lower it to 288 (got 300)",
  ],
])("a service that can't work is refused: %j", (change, problem) => {
  expect(problemsOf({ ...oneSite, services: { web: { ...oneSite.services.web, ...change } } })).toEqual([
    `test.ts: ${problem}`,
  ]);
});

test.each([
  [
    "apps",
    'images.app.build is not a folder: give the folder of the Dockerfile, relative to the project\'s root (got "apps")',
  ],
  [
    "constructs",
    'images.app.build has no Dockerfile: add one, or use an image that is built elsewhere in the service or job (got "constructs")',
  ],
])("an image that can't be built is refused: %j", (build, problem) => {
  expect(problemsOf({ ...oneSite, images: { app: { build } } })).toEqual([`test.ts: ${problem}`]);
});

test.each([
  [
    [
      { protocol: "http", port: 80 },
      { protocol: "http", port: 80 },
    ],
    "services.web.http.loadBalancer.listeners.1.port is used by another listener: each needs its own port (got 80)",
  ],
  [
    [{ protocol: "http", port: 8080, redirectTo: 443 }],
    "services.web.http.loadBalancer.listeners.0.redirectTo must redirect port 80 to an https listener on port 443: DigitalOcean redirects no other ports (got 443)",
  ],
])("listeners that DigitalOcean can't have are refused: %j", (listeners, problem) => {
  const http = { port: 8080, loadBalancer: { listeners } };
  expect(problemsOf({ ...oneSite, services: { web: { ...oneSite.services.web, http } } })).toEqual([
    `test.ts: ${problem}`,
  ]);
});

test("a config that uses every setting is accepted", () => {
  expect(problemsOf(threeSites)).toEqual([]);
});
