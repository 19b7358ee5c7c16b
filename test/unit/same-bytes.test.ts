import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";
import { readBuildContext } from "../../config/services/build-context";
import { threeSites } from "../support/synthesis/environments";
import { synthInto } from "../support/synthesis/synth";

test("a second synth in another folder writes the same bytes", () => {
  // Each with the scripts that it runs, the calls to AWS among them with two files that obtain an AWS CLI; a stack that builds the sample has its files, its .dockerignore and publish.sh.
  const [manifest, stacks, controlPlane, droplets, servers, ownVpc, services] = [1, 9, 4, 12, 6, 1, 6];
  const sample = readBuildContext("app").files.length + 2;
  const [builtService, jobs] = [services + sample, 3 + sample];
  const directories = ["first", "second/deeper"].map((name) =>
    join(mkdtempSync(join(tmpdir(), "synth-")), name),
  );
  try {
    const written = directories.map((directory) => {
      // A path to local states tells where the output lies, on purpose.
      synthInto(directory, { ...threeSites, backend: { kind: "local", folder: "/srv/states" } });
      return contents(directory);
    });
    expect(Object.keys(written[0] ?? {})).toHaveLength(
      manifest + stacks + controlPlane + droplets * 2 + servers + ownVpc + services * 2 + builtService + jobs,
    );
    expect(written[1]).toEqual(written[0]);
    expect(JSON.stringify(written[0])).not.toContain(process.cwd());
  } finally {
    for (const directory of directories) {
      rmSync(directory, { recursive: true });
    }
  }
});

test("without the local cloud, the product synthesises the same bytes in any checkout, bundled or not", () => {
  const scratch = mkdtempSync(join(tmpdir(), "product-"));
  try {
    const ways = { here: ["bundle/run.js"], "else/where": ["--require", "tsx/cjs"] };
    const written = Object.entries(ways).map(([place, way]) => {
      const directory = join(scratch, place);
      for (const name of [
        "app",
        "bundle",
        "checkout",
        "config",
        "stacks",
        "constructs",
        "main.ts",
        "tsconfig.json",
        "package.json",
        "node-version.js",
      ]) {
        cpSync(name, join(directory, name), { recursive: true });
      }
      symlinkSync(resolve("node_modules"), join(directory, "node_modules"));
      execFileSync(process.execPath, [...way, "main.ts"], {
        cwd: directory,
        env: { ...process.env, ANYWHERE_ENV: "local", CDKTF_OUTDIR: undefined },
        stdio: "pipe",
      });
      expect(readdirSync(join(directory, "cdktf.out"))).toEqual(["local"]);
      expect(readdirSync(join(directory, "cdktf.out/local/stacks")).sort()).toEqual([
        "activations",
        "compute-ams3",
        "control-plane",
        "jobs",
        "service-api",
        "service-web",
        "service-worker",
      ]);
      return contents(join(directory, "cdktf.out"));
    });
    expect(written[1]).toEqual(written[0]);
    expect(JSON.stringify(written[0])).not.toContain(scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("a synthesis leaves the files of stacks alone that have not changed, and writes the others", () => {
  const outdir = mkdtempSync(join(tmpdir(), "same-"));
  try {
    const synthesise = () =>
      execFileSync(process.execPath, ["bundle/run.js", "main.ts"], {
        env: { ...process.env, ANYWHERE_ENV: "dev", CDKTF_OUTDIR: outdir },
        stdio: "pipe",
      });
    const [same, edited, lost] = ["control-plane", "compute-ams3", "activations"].map((stack) =>
      join(outdir, "dev/stacks", stack, "cdk.tf.json"),
    ) as [string, string, string];
    synthesise();
    const first = contents(outdir);
    const { ino, mtimeMs } = statSync(same);
    appendFileSync(edited, " ");
    rmSync(lost);
    synthesise();
    expect(contents(outdir)).toEqual(first);
    expect(statSync(same)).toMatchObject({ ino, mtimeMs });
  } finally {
    rmSync(outdir, { recursive: true });
  }
});

/** Text of every file below a folder, by path within it. */
function contents(directory: string): Record<string, string> {
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const files = paths.filter((path) => statSync(join(directory, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(directory, path), "utf8")]));
}
