import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { keepGenerations, type DeployedNode } from "../../../cli/nodes/kept-generations";
import { readStacks } from "../../../cli/terraform/stacks";
import { parseConfig } from "../../../config/load";
import type { Environment } from "../../../config/schema";
import { resolveSites } from "../../../config/sites/nodes";
import { oneSite } from "../../support/synthesis/environments";
import { synth, synthInto, type Stacks } from "../../support/synthesis/synth";

const replacing = (a: number, b: number, c: number, x: number): Environment => ({
  ...oneSite,
  sites: {
    ams3: {
      kind: "digitalocean",
      region: "ams3",
      nodes: {
        a: { replacement: a },
        b: { replacement: b },
        c: { replacement: c, attributes: { disk: "ssd" } },
      },
    },
    berlin: { kind: "on-premises", nodes: { a: {}, x: { replacement: x } } },
  },
});

let outdir: string;

beforeAll(() => {
  outdir = join(mkdtempSync(join(tmpdir(), "kept-")), "cdktf.out");
});

afterAll(() => {
  rmSync(dirname(outdir), { recursive: true });
});

const written = (ids: readonly string[]): Stacks =>
  Object.fromEntries(
    ids.map((id) => [
      id,
      JSON.parse(readFileSync(join(outdir, "stacks", id, "cdk.tf.json"), "utf8")) as Stacks[string],
    ]),
  );

test("stacks that keep nodes equal those of a configuration that never changed them, until that is undone", () => {
  const changed = synthInto(outdir, replacing(1, 1, 1, 1));
  const deployed = resolveSites(parseConfig(replacing(0, 0, 0, 0), "test"));
  const kept = ["ams3/b", "ams3/c", "berlin/x"].map((key): DeployedNode => {
    const [site = "", node = ""] = key.split("/");
    return { site, node, generation: deployed.get(site)?.nodes.get(node)?.generation ?? "" };
  });
  const stacks = readStacks(outdir).filter(({ id }) => /^(activations|compute-.*)$/.test(id));
  const ids = stacks.map(({ id }) => id);
  expect(ids).toEqual(["activations", "compute-ams3", "compute-berlin"]);

  const undo = keepGenerations(stacks, kept);
  const expected = synth(replacing(1, 0, 0, 0));
  expect(written(ids)).toEqual(Object.fromEntries(ids.map((id) => [id, expected[id]])));
  undo();
  expect(written(ids)).toEqual(Object.fromEntries(ids.map((id) => [id, changed[id]])));
});
