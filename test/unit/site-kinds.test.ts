import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { Construct } from "constructs";
import { z } from "zod";
import { key } from "../../config/forms";
import { parseConfig } from "../../config/load";
import { siteKinds } from "../../config/sites";
import { machinesOf, type AnySite, type SiteKind } from "../../config/sites/kind";
import { serverSpec } from "../../config/sites/node";
import { replacingServer } from "../../constructs/node/replacement";
import { writeStacks } from "../../stacks/write";
import { computeStacks } from "../../stacks/compute";
import { ComputeStack, type ComputeProps } from "../../stacks/compute/compute";
import { StackOutputs, text } from "../../stacks/outputs";
import { oneSite } from "../support/synthesis/environments";
import { addresses, type StackJson } from "../support/synthesis/synth";

/** Ships, each of one model: a kind of site that the project doesn't have. */
const harbour: SiteKind = {
  schema: z.strictObject({ kind: z.literal("harbour"), nodes: z.record(key, serverSpec) }),
  loadBalancers: false,
  platform: "linux/arm64",
  machines: ({ nodes }: AnySite) =>
    machinesOf(nodes, (spec) => ({
      spec,
      incarnation: ["ship"],
      texts: {},
      named: false,
      model: "ship",
      capacity: { cpuUnits: 512, memoryMiB: 512 },
    })),
  activationHours: () => 3,
  awaitsNodes: () => true,
  problems: () => [],
};

class HarbourStack extends ComputeStack {
  constructor(scope: Construct, props: ComputeProps) {
    super(scope, props);
    const { life } = this.addNodes(replacingServer);
    life.deregistration(life.generation, "id", [life.guard()]);
    new StackOutputs(this, { kind: text("Kind of the site.", this.resolved.kind) });
  }
}

const kinds = {
  sites: { ...siteKinds, harbour },
  stacks: { ...computeStacks, harbour: HarbourStack },
};
const environment = {
  ...oneSite,
  sites: { ...oneSite.sites, hamburg: { kind: "harbour", nodes: { alma: {} } } },
  images: { app: { build: "app", platform: "linux/arm64" } },
};

test("a registered kind of site is validated, planned for and synthesised like the project's own", () => {
  const outdir = mkdtempSync(join(tmpdir(), "kinds-"));
  try {
    writeStacks(outdir, parseConfig(environment, "test", kinds.sites), kinds);
    const stack = (id: string) =>
      JSON.parse(readFileSync(join(outdir, "stacks", id, "cdk.tf.json"), "utf8")) as StackJson;
    expect(readdirSync(join(outdir, "stacks")).sort()).toEqual([
      "activations",
      "compute-ams3",
      "compute-hamburg",
      "control-plane",
      "service-web",
    ]);
    expect(addresses(stack("compute-hamburg"))).toEqual([
      "null_resource.deregistration",
      "null_resource.generation",
      "null_resource.guard",
    ]);
    expect(stack("activations").locals["nodes"]?.["hamburg/alma"]).toMatchObject({ expiry: "3h" });
    expect(stack("service-web").locals["rollouts"]).toMatchObject({
      ams3: { tasks: 2 },
      hamburg: { tasks: 1 },
    });
  } finally {
    rmSync(outdir, { recursive: true });
  }
});

test("a registered kind of site decides what fits its machines, and is named among the kinds", () => {
  const web = { ...oneSite.services.web, image: "app", placement: { hamburg: 1 }, memoryMiB: 600 };
  expect(() => parseConfig({ ...environment, services: { web } }, "test", kinds.sites)).toThrow(
    /services\.web\.memoryMiB doesn't fit node hamburg\/alma \(ship\): /,
  );
  const other = { ...environment, sites: { hamburg: { kind: "dungeon" } } };
  expect(() => parseConfig(other, "test", kinds.sites)).toThrow(
    'must be "digitalocean", "on-premises" or "harbour"',
  );
  expect(() => parseConfig(environment, "test")).toThrow('must be "digitalocean" or "on-premises"');
});
