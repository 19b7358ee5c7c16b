import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parseConfig } from "../../config/load";
import { resolveSites } from "../../config/sites/nodes";
import { bootstrapParts, bootstrapScript } from "../support/bootstrap/machine";
import { oneSite } from "../support/synthesis/environments";

const scripts = join(__dirname, "../../constructs/node");
const template = join(scripts, "user-data.sh.tftpl");
/** As a droplet's stack has them. */
const bootstrap = [...bootstrapParts, "bootstrap"].map((name) => join(scripts, `${name}.sh`));

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "user-data-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Renders user-data with the real Terraform, as a droplet gets it. */
function render(settings: Readonly<Record<string, string>>, ...files: readonly string[]): string {
  const values = join(directory, "settings.json");
  writeFileSync(values, JSON.stringify(settings));
  const rendered = `templatefile("${template}", { settings = jsondecode(file("${values}")), scripts = [for path in ${JSON.stringify(files)} : file(path)] })`;
  const answer = execFileSync("terraform", ["console"], {
    cwd: directory,
    input: `base64encode(${rendered})\n`,
    env: { PATH: process.env["PATH"], CHECKPOINT_DISABLE: "1" },
    timeout: 30_000,
  });
  return Buffer.from(String(JSON.parse(answer.toString())), "base64").toString();
}

/** The ATTRIBUTES of a node whose attributes hold every character that they may. */
function widestAttributes(): string {
  const site = {
    kind: "on-premises",
    nodes: { "rack-1": { attributes: { "aZ0/b_c.d-e": "a Z0 -_./@: b", tier: "x" } } },
  };
  const sites = resolveSites(parseConfig({ ...oneSite, sites: { berlin: site } }, "test"));
  return sites.get("berlin")?.nodes.get("rack-1")?.allAttributes ?? "";
}

test("user-data passes every setting to the script unchanged, whatever it holds", () => {
  const settings = {
    ATTRIBUTES: widestAttributes(),
    ACTIVATION_CODE: "a+b/c=",
    QUOTES: "it's \"quoted\" ''twice''",
    EXPANSIONS: "$HOME ${HOME} $(id) `id` \\$ \\\\ !! %{ if true } %%{ $${x}",
    JSON: '{"disk":"a b","x":"\\\\"}',
    LINES: "one\ntwo\n",
    EMPTY: "",
    UNICODE: "ü→",
  };
  const script = join(directory, "print.sh");
  writeFileSync(
    script,
    `printf '%s\\0' ${Object.keys(settings)
      .map((name) => `"\${${name}}"`)
      .join(" ")}\n`,
  );
  writeFileSync(join(directory, "rendered.sh"), render(settings, script));
  const printed = execFileSync("bash", ["rendered.sh"], {
    cwd: directory,
    env: { PATH: process.env["PATH"] },
  });
  expect(printed.toString().split("\0").slice(0, -1)).toEqual(Object.values(settings));
});

test("user-data ends with the unchanged bootstrap script and its parts, in less than half of its size limit", () => {
  const settings = Object.fromEntries(
    [
      "NAME",
      "SITE",
      "NODE",
      "GENERATION",
      "CLUSTER",
      "AWS_REGION",
      "ACTIVATION_ID",
      "ACTIVATION_CODE",
      "SIGNING_KEY",
    ].map((name) => [name, "x".repeat(40)]),
  );
  // Ten attributes are the most that ECS takes, with names and values of up to 128 characters.
  const attributes = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`${index}`.padStart(128, "n"), "v".repeat(128)]),
  );
  const userData = render({ ...settings, ATTRIBUTES: JSON.stringify(attributes) }, ...bootstrap);
  expect(userData.startsWith("#!/usr/bin/env bash\n")).toBe(true);
  expect(userData.endsWith(`${bootstrapScript}\n`)).toBe(true);
  expect(Buffer.byteLength(userData)).toBeLessThan(32 * 1024);
});
