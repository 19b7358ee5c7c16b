import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth, synthInto } from "../support/synthesis/synth";

describe("a local backend keeps each state, under the deployment's name,", () => {
  let scratch: string;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "local-backend-"));
  });

  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  /** Where Terraform finds the states of compute-ams3 and of what it reads, when the output is in this folder. */
  const found = (outdir: string, backend: Environment["backend"]) => {
    const stack = stackOf(synthInto(outdir, { ...oneSite, backend }), "compute-ams3");
    const { path } = stack.terraform.backend["local"] as { path: string };
    const reader = stack.data?.["terraform_remote_state"]?.["activations"];
    expect(reader).toMatchObject({ backend: "local", workspace: "${terraform.workspace}" });
    const { path: read } = reader?.["config"] as { path: string };
    // As a process that is there resolves it, whatever links lead there.
    const folder = realpathSync(join(outdir, "stacks/compute-ams3"));
    return [path, read].map((place) => resolve(folder, place));
  };

  test("in the project's root, wherever the output lies", () => {
    symlinkSync(mkdtempSync(join(scratch, "far-")), join(scratch, "link"));
    for (const outdir of ["out", "deep/er/out", "link/out"]) {
      expect(found(join(scratch, outdir), { kind: "local" })).toEqual([
        resolve("state/shop--compute-ams3.tfstate"),
        resolve("state/shop--activations.tfstate"),
      ]);
    }
  });

  test("in the folder that it names, by a relative or an absolute path", () => {
    const below = { kind: "local", folder: "states/of/shops" } as const;
    expect(found(join(scratch, "out"), below)[0]).toBe(resolve("states/of/shops/shop--compute-ams3.tfstate"));
    const elsewhere = { kind: "local", folder: "/srv/states" } as const;
    expect(found(join(scratch, "out"), elsewhere)[0]).toBe("/srv/states/shop--compute-ams3.tfstate");
  });
});

test("an S3 backend locks in the bucket and encrypts", () => {
  const backend = { kind: "s3", bucket: "states", region: "eu-central-1", kmsKeyId: "alias/states" } as const;
  const stacks = synth({ ...oneSite, backend });
  expect(stackOf(stacks, "service-web").terraform.backend).toEqual({
    s3: {
      bucket: "states",
      region: "eu-central-1",
      key: "shop--service-web.tfstate",
      encrypt: true,
      kms_key_id: "alias/states",
      use_lockfile: true,
    },
  });
  expect(stackOf(stacks, "service-web").data).toMatchObject({
    terraform_remote_state: {
      "control-plane": {
        backend: "s3",
        config: { bucket: "states", region: "eu-central-1", key: "shop--control-plane.tfstate" },
      },
    },
  });
});

test("HCP Terraform gets a workspace for each stack, in the project", () => {
  const backend = { kind: "cloud", organization: "acme", project: "shops" } as const;
  const stacks = synth({ ...oneSite, backend });
  expect(stackOf(stacks, "control-plane").terraform).toMatchObject({
    cloud: {
      organization: "acme",
      hostname: "app.terraform.io",
      workspaces: { name: "shop--control-plane", project: "shops" },
    },
  });
  expect(stackOf(stacks, "service-web").data).toMatchObject({
    terraform_remote_state: {
      "control-plane": {
        backend: "remote",
        config: {
          organization: "acme",
          hostname: "app.terraform.io",
          workspaces: { name: "shop--control-plane" },
        },
      },
    },
  });
});

test("for runs that HCP Terraform executes, it doesn't get the lock file of this machine's platform", () => {
  const scratch = mkdtempSync(join(tmpdir(), "remote-"));
  const ignored = (execution: "local" | "remote") => {
    const outdir = join(scratch, execution);
    synthInto(outdir, { ...oneSite, backend: { kind: "cloud", organization: "acme", execution } });
    const file = join(outdir, "stacks/compute-ams3/.terraformignore");
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  expect(ignored("remote")).toBe(".terraform.lock.hcl\n");
  expect(ignored("local")).toBeUndefined();
  rmSync(scratch, { recursive: true });
});
