import { expect, test } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { containersAt } from "../support/synthesis/containers";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { resourceAt, stackOf, synth } from "../support/synthesis/synth";

const one = stackOf(synth(oneSite), "compute-ams3");
const three = synth(threeSites);
const berlin = stackOf(three, "compute-berlin");

const withSite = (change: object): Environment => ({
  ...oneSite,
  sites: { ams3: { ...oneSite.sites.ams3, ...change } },
});

const generationsOf = (environment: Environment) =>
  Object.fromEntries(
    Object.entries(stackOf(synth(environment), "compute-ams3").locals["nodes"] ?? {}).map(
      ([node, { generation }]) => [node, generation],
    ),
  );

/** The triggers of a deregistration, by the variables of its script. */
const remembered = [
  "NAME",
  "SITE",
  "NODE",
  "GENERATION",
  "CLUSTER",
  "AWS_REGION",
  "ACCOUNT",
  "ACTIVATION_ID",
];

/** A trigger that an earlier release may not have known. */
const lookup = (instance: string, name: string) => `\${lookup(${instance}.triggers, "${name}", "")}`;

test.each([
  ["null_resource.guard", undefined, "null_resource.generation[each.key].id", "guard"],
  [
    "null_resource.deregistration",
    ["digitalocean_droplet.node"],
    "digitalocean_droplet.node[each.key].id",
    "deregistration",
  ],
])("%s deregisters on destroy, with what it remembers", (address, dependsOn, incarnation, phase) => {
  const { triggers, provisioner, lifecycle, depends_on } = resourceAt(one, address);
  expect(depends_on).toEqual(dependsOn);
  expect(lifecycle).toEqual({ ignore_changes: remembered.map((name) => `triggers["${name}"]`) });
  expect(Object.keys(triggers as object).sort()).toEqual(["INCARNATION", ...remembered].sort());
  expect(triggers).toMatchObject({
    INCARNATION: `\${${incarnation}}`,
    NODE: "${each.key}",
    GENERATION: "${each.value.generation}",
    ACTIVATION_ID: "${data.terraform_remote_state.activations.outputs.activation_ids[each.value.activation]}",
  });
  expect(provisioner).toEqual([
    {
      "local-exec": {
        when: "destroy",
        command: expect.stringMatching(
          /^bash \.\/assets\/deregister\/[0-9A-F]{32}\/deregister\.sh$/,
        ) as unknown,
        environment: {
          ...Object.fromEntries(remembered.map((name) => [name, lookup("self", name)])),
          PHASE: phase,
          DEFAULT_STALL_SECONDS: "62",
          DEFAULT_DRAIN_SECONDS: "302",
          AWS_LIBRARY: expect.stringMatching(/^\.\/assets\/aws\/[0-9A-F]{32}\/aws\.sh$/) as unknown,
          REGISTRATIONS: expect.stringMatching(
            /^\.\/assets\/registrations\/[0-9A-F]{32}\/registrations\.sh$/,
          ) as unknown,
        },
      },
    },
  ]);
});

test("the gate waits for the activation that the deregistration remembers", () => {
  expect(resourceAt(one, "null_resource.registration")).toMatchObject({
    triggers: { deregistration: "${null_resource.deregistration[each.key].id}" },
    provisioner: [
      {
        "local-exec": {
          command: expect.stringMatching(/^bash \.\/assets\/await\/[0-9A-F]{32}\/await\.sh$/) as unknown,
          environment: {
            ...Object.fromEntries(
              remembered.map((name) => [name, lookup("null_resource.deregistration[each.key]", name)]),
            ),
            REMEDY: "replace the node with `npm run deploy -- --replace ams3/${each.key}`",
            MACHINE_CREATED: "${digitalocean_droplet.node[each.key].created_at}",
            MACHINE_ID: "${digitalocean_droplet.node[each.key].id}",
            MACHINE_LIBRARY: expect.stringMatching(
              /^\.\/assets\/droplet-power\/[0-9A-F]{32}\/droplet-power\.sh$/,
            ) as unknown,
          },
        },
      },
    ],
  });
});

test("a gate fails if DigitalOcean has another droplet with the same name as the one in the state", () => {
  expect(one.data?.["digitalocean_droplets"]?.["all"]).toMatchObject({
    filter: [{ key: "tags", values: ["${digitalocean_tag.nodes.id}"] }],
    depends_on: ["digitalocean_droplet.node"],
  });
  const droplet = "digitalocean_droplet.node[each.key]";
  const ids = `[for one in data.digitalocean_droplets.all.droplets : one.id if one.name == ${droplet}.name]`;
  expect(resourceAt(one, "null_resource.registration")["lifecycle"]).toEqual({
    precondition: [
      {
        condition: `\${alltrue([for id in ${ids} : tostring(id) == ${droplet}.id])}`,
        error_message: expect.stringContaining(
          "delete the others and replace the node with `npm run deploy -- --replace ams3/${each.key}`: ",
        ) as unknown,
      },
    ],
  });
});

test("a replacement counter changes only the generation of its node", () => {
  const before = generationsOf(withSite({ nodes: { "web-1": {}, "web-2": {} } }));
  const after = generationsOf(withSite({ nodes: { "web-1": {}, "web-2": { replacement: 1 } } }));
  expect(after["web-1"]).toBe(before["web-1"]);
  expect(after["web-2"]).not.toBe(before["web-2"]);
});

test.each([
  ["a size", { size: "s-2vcpu-2gb" }],
  ["an image", { image: "debian-12-x64" }],
  ["a region", { region: "fra1" }],
  ["a VPC", { vpc: { ipRange: "10.20.0.0/20" } }],
  [
    "attributes",
    { nodes: { "node-1": { attributes: { disk: "ssd" } }, "node-2": { attributes: { disk: "ssd" } } } },
  ],
])("changing %s changes every generation", (_, change) => {
  const [before, after] = [generationsOf(oneSite), generationsOf(withSite(change))];
  expect(Object.keys(after)).toEqual(["node-1", "node-2"]);
  expect(after["node-1"]).not.toBe(before["node-1"]);
  expect(after["node-2"]).not.toBe(before["node-2"]);
});

/** A site whose first node has these attributes. */
const withAttributes = (attributes: Readonly<Record<string, string>>) =>
  withSite({ nodes: { "node-1": { attributes }, "node-2": {} } });

test.each<[what: string, after: Environment, before?: Environment]>([
  ["tags", { ...oneSite, tags: { team: "web" } }],
  [
    "ports and health",
    {
      ...oneSite,
      services: { web: { ...oneSite.services.web, http: { port: 9000, health: { path: "/x" } } } },
    },
  ],
  ["the account", { ...oneSite, aws: { region: "us-east-1", accountId: "999999999999" } }],
  ["SSH keys", withSite({ ssh: { keys: ["512189"] } })],
  [
    "the order of attributes",
    withAttributes({ disk: "ssd", rack: "left" }),
    withAttributes({ rack: "left", disk: "ssd" }),
  ],
])("changing %s changes no generation", (_, after, before = oneSite) => {
  expect(generationsOf(after)).toEqual(generationsOf(before));
});

test("writing out the site's own size and image for a node changes no generation", () => {
  const nodes = {
    "node-1": { size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64", replacement: 0 },
    "node-2": {},
  };
  expect(generationsOf(withSite({ nodes }))).toEqual(generationsOf(oneSite));
});

test("remembered settings are read with a default, so that states of earlier releases can be destroyed", () => {
  for (const stack of [one, berlin]) {
    const text = JSON.stringify(stack);
    const read = text.match(/\.triggers\b/g) ?? [];
    const withDefault = text.match(
      /lookup\([^()]+\.triggers, \\"\w+\\", \\"\\"\)|try\(val\.triggers\.\w+, \\"\\"\)/g,
    );
    expect(withDefault).toHaveLength(3 * remembered.length + 2);
    expect(read).toHaveLength(3 * remembered.length + 2);
  }
});

test("a drain is as long as the health numbers ask for", () => {
  const health = { path: "/", intervalSeconds: 60, unhealthyAfter: 5 };
  const web = { ...oneSite.services.web, stopSeconds: 13, http: { ...oneSite.services.web.http, health } };
  const slow = synth({ ...oneSite, services: { web } });
  const [container] = containersAt(stackOf(slow, "service-web"), "ams3");
  expect(container?.stopTimeout).toBe(376);
  for (const address of ["null_resource.guard", "null_resource.deregistration"]) {
    expect(resourceAt(stackOf(slow, "compute-ams3"), address)).toMatchObject({
      provisioner: [
        { "local-exec": { environment: { DEFAULT_STALL_SECONDS: "411", DEFAULT_DRAIN_SECONDS: "651" } } },
      ],
    });
  }
});

test("the remedy for a server is a replacement after which it joins again", () => {
  expect(resourceAt(berlin, "null_resource.registration")).toMatchObject({
    provisioner: [
      {
        "local-exec": {
          environment: {
            REMEDY:
              "replace the node with `npm run deploy -- --replace berlin/${each.key}`, then let its server join again " +
              "with `npx anywhere join berlin ${each.key}`",
          },
        },
      },
    ],
  });
});

test("nodes on premises have a life without machines", () => {
  expect(resourceAt(berlin, "null_resource.deregistration")).toMatchObject({
    depends_on: ["null_resource.guard"],
    triggers: { INCARNATION: "${null_resource.generation[each.key].id}" },
  });
  expect(Object.keys(berlin.output).sort()).toEqual(["deployment", "kind", "nodes"]);
});

test("a site on premises that isn't waited for has no gate", () => {
  const site = { kind: "on-premises" as const, nodes: { "rack-1": {} } };
  const stack = stackOf(synth({ ...oneSite, sites: { berlin: site } }), "compute-berlin");
  expect(Object.keys(stack.resource["null_resource"] ?? {}).sort()).toEqual([
    "deregistration",
    "generation",
    "guard",
  ]);
});
