import { expect, test } from "@jest/globals";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { resourceAt, stackOf, synth } from "../support/synthesis/synth";

const one = stackOf(synth(oneSite), "activations");
const three = stackOf(synth(threeSites), "activations");

test("every node of every site has an activation of its own", () => {
  expect(Object.keys(three.locals["nodes"] ?? {})).toEqual([
    "ams3/web-1",
    "ams3/web-2",
    "ams3/web-3",
    "berlin/rack-1",
    "berlin/rack-2",
    "fra1/node-1",
  ]);
  expect(three.locals["nodes"]?.["ams3/web-1"]).toMatchObject({ site: "ams3", node: "web-1", expiry: "24h" });
  expect(three.locals["nodes"]?.["berlin/rack-1"]).toMatchObject({
    site: "berlin",
    node: "rack-1",
    // AWS allows 30 days, by its own clock.
    expiry: "719h",
  });
});

test("an activation serves one machine, and only its generation replaces it", () => {
  expect(resourceAt(one, "aws_ssm_activation.node")).toEqual({
    "//": expect.anything() as unknown,
    for_each: "${local.nodes}",
    name: "shop--${each.value.site}--${each.value.node}",
    description: "Node ${each.key} of shop, generation ${each.value.generation}",
    iam_role: "${data.terraform_remote_state.control-plane.outputs.node_role_name}",
    registration_limit: 1,
    expiration_date: "${timeadd(timestamp(), each.value.expiry)}",
    tags: {
      "anywhere.deployment": "shop",
      "anywhere.site": "${each.value.site}",
      "anywhere.node": "${each.value.node}",
      "anywhere.generation": "${each.value.generation}",
      "anywhere.identity": "shop/${each.key}/${each.value.generation}",
    },
    lifecycle: { ignore_changes: ["tags", "tags_all", "expiration_date"] },
  });
});

test("the stacks of activations and of sites compute the same generations", () => {
  const stacks = synth(threeSites);
  const nodes = stackOf(stacks, "activations").locals["nodes"] ?? {};
  expect(Object.keys(nodes)).toHaveLength(6);
  for (const [key, { site, node, generation }] of Object.entries(nodes)) {
    const compute = stackOf(stacks, `compute-${String(site)}`).locals["nodes"]?.[String(node)];
    expect(compute).toMatchObject({ generation, activation: key });
  }
});

test("only compute stacks read the activations, and so get their codes into their states", () => {
  const stacks = synth(threeSites);
  const readers = Object.keys(stacks).filter(
    (id) => "activations" in (stackOf(stacks, id).data?.["terraform_remote_state"] ?? {}),
  );
  expect(readers.sort()).toEqual(["compute-ams3", "compute-berlin", "compute-fra1"]);
});

test("a deployment and a site whose names share a hyphen share no name in either cloud", () => {
  const names = [
    { name: "shop", site: "eu-ams3" },
    { name: "shop-eu", site: "ams3" },
  ].map(({ name, site }) => {
    const stacks = synth({ ...oneSite, name, sites: { [site]: oneSite.sites.ams3 } });
    const compute = stackOf(stacks, `compute-${site}`);
    return [
      compute.terraform.backend,
      ...["tag.nodes", "firewall.nodes", "loadbalancer.web", "droplet.node"].map(
        (address) => resourceAt(compute, `digitalocean_${address}`)["name"],
      ),
    ];
  });
  expect(
    names[0]?.filter((name, index) => JSON.stringify(name) === JSON.stringify(names[1]?.[index])),
  ).toEqual([]);
});
