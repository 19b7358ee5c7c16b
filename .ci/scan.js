"use strict";

const { execFileSync, spawnSync } = require("node:child_process");
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join, relative } = require("node:path");
const { parse } = require("yaml");
require("tsx/cjs");
const { default: prod } = require("../config/environments/prod.ts");

// Scans the stacks of prod with checkov, with and without a key of its own: exactly the checks of .checkov.yaml fail.
const [checkov, scratch] = process.argv.slice(2);
const excused = parse(readFileSync(".checkov.yaml", "utf8"))["skip-check"];
const ofKey = ["CKV_AWS_26", "CKV_AWS_136", "CKV_AWS_158", "CKV_AWS_297"];

/** checkov gives up a file that has one of these blocks, without failing. */
const unreadable = ["import", "moved", "check"];

function synthesise(name, environment) {
  const file = join(scratch, `${name}.json`);
  const outdir = join(scratch, "scanned");
  writeFileSync(file, JSON.stringify(environment));
  const variables = { ...process.env, ANYWHERE_ENV: file, CDKTF_OUTDIR: outdir };
  execFileSync(process.execPath, ["cli/anywhere.js", "synth"], { env: variables, stdio: "ignore" });
  const folder = join(outdir, name);
  const stacks = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith("cdk.tf.json"));
  for (const path of stacks) {
    const stack = JSON.parse(readFileSync(join(folder, path), "utf8"));
    unreadable.forEach((block) => delete stack[block]);
    writeFileSync(join(folder, path), JSON.stringify(stack, undefined, 1));
  }
  return folder;
}

/** Stacks that hold something of a cloud. */
function stacksOf(folder) {
  return readdirSync(join(folder, "stacks")).filter((stack) => {
    const { resource } = JSON.parse(readFileSync(join(folder, "stacks", stack, "cdk.tf.json"), "utf8"));
    return Object.keys(resource).some((type) => /^(aws|digitalocean)_/.test(type));
  });
}

function scan(name, environment, expected) {
  const folder = synthesise(name, environment);
  const args = [
    "--directory",
    folder,
    "--framework",
    "terraform_json",
    "--output",
    "json",
    "--skip-download",
  ];
  // Elsewhere: here checkov would find .checkov.yaml by itself, and leave out what is to fail.
  const { stdout, stderr } = spawnSync(checkov, args, { cwd: scratch, encoding: "utf8", maxBuffer: 2 ** 28 });
  if (!stdout.startsWith("{")) {
    throw new Error(`checkov has scanned nothing: ${stderr}`);
  }
  const { results, summary } = JSON.parse(stdout);
  const all = [...results.passed_checks, ...results.failed_checks];
  const scanned = new Set(all.map(({ file_path: path }) => path.split("/").at(-2)));
  const missed = stacksOf(folder).filter((stack) => !scanned.has(stack));
  const failed = [...new Set(results.failed_checks.map(({ check_id: id }) => id))].sort();
  const resources = new Set(all.map(({ file_path: path, resource }) => `${path} ${resource}`)).size;
  console.log(
    `checkov, ${name}: ${resources} resources, ${summary.passed} passed, fails as excused: ${failed.join(" ")}`,
  );
  if (summary.parsing_errors > 0 || resources === 0 || missed.length > 0) {
    throw new Error(
      `checkov can't read ${summary.parsing_errors} files of ${name}, and missed ${missed.join(", ")}`,
    );
  }
  if (failed.join() !== [...expected].sort().join()) {
    const surprising = results.failed_checks.filter(({ check_id: id }) => !expected.includes(id));
    const passing = expected.filter((id) => !failed.includes(id));
    throw new Error(
      `${name} passes ${passing.join(", ") || "no check"} of .checkov.yaml, and fails:\n` +
        surprising
          .map(
            (one) =>
              `${one.check_id} ${one.check_name}: ${relative(folder, one.file_abs_path)} ${one.resource}`,
          )
          .join("\n"),
    );
  }
}

const kmsKeyId = "0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11";
scan("prod", prod, excused);
scan(
  "prod-key",
  { ...prod, aws: { ...prod.aws, kmsKeyId } },
  excused.filter((id) => !ofKey.includes(id)),
);
