import type { Block, StackJson } from "../../support/synthesis/synth";
import { withResource, type Mutant } from "./mutant";

const deregistration = ["null_resource", "deregistration"] as const;
const droplet = ["digitalocean_droplet", "node"] as const;

export const constructMutants: readonly Mutant[] = [
  {
    name: "no guard",
    breaks: "what has registered although its deregistration was never made is ended after its droplet",
    shows: "left behind: mi-",
    stack: (stack) =>
      withResource(
        withResource(stack, droplet, (block) => without(block, "depends_on")),
        ["null_resource", "guard"],
        undefined,
      ),
  },
  {
    name: "a loop in place of for_each",
    breaks: "a scale-down ends the node that goes, and no other",
    shows: "the node that goes is left in Systems Manager",
    stack: unrolled,
  },
  {
    name: "a deregistration that doesn't depend on the droplet",
    breaks: "a node is drained and leaves ECS, then Systems Manager, before its droplet goes",
    shows: "the order was ",
    stack: (stack) =>
      withResource(stack, deregistration, (block) => ({
        ...without(block, "depends_on"),
        triggers: { ...(block["triggers"] as Block), INCARNATION: "1" },
      })),
  },
  {
    name: "create_before_destroy on the droplet",
    breaks: "a node is replaced by taking the old one out first",
    shows: "the order was ",
    stack: (stack) =>
      withResource(stack, droplet, (block) => ({
        ...block,
        lifecycle: { ...(block["lifecycle"] as Block), create_before_destroy: true },
      })),
  },
  {
    name: "a gate that is part of the deregistration",
    breaks: "a node whose gate has failed leaves in order all the same",
    shows: "the order was ",
    stack: (stack) => {
      const { provisioner } = stack.resource["null_resource"]?.["registration"] ?? {};
      const text = JSON.stringify(provisioner).replaceAll("null_resource.deregistration[each.key]", "self");
      const [gate] = JSON.parse(text) as Block[];
      return withResource(
        withResource(stack, deregistration, (block) => ({
          ...block,
          provisioner: [gate, ...(block["provisioner"] as Block[])],
        })),
        ["null_resource", "registration"],
        undefined,
      );
    },
  },
];

function without(block: Block, attribute: string): Block {
  return Object.fromEntries(Object.entries(block).filter(([name]) => name !== attribute));
}

/** One block per node, as a loop in TypeScript writes them. */
function unrolled(stack: StackJson): StackJson {
  const nodes = Object.keys(stack.locals["nodes"] ?? {});
  const resource = Object.fromEntries(
    Object.entries(stack.resource).map(([type, blocks]) => [
      type,
      Object.fromEntries(
        Object.entries(blocks).flatMap(([name, block]) =>
          block["for_each"] === undefined
            ? [[name, block]]
            : nodes.map((node) => [`${name}-${node}`, instanceOf(block, node)]),
        ),
      ),
    ]),
  ) as StackJson["resource"];
  const depends_on = nodes.map((node) => `digitalocean_droplet.node-${node}`);
  const { all } = stack.data?.["digitalocean_droplets"] ?? {};
  const data = { ...stack.data, digitalocean_droplets: { all: { ...all, depends_on } } };
  // The output about nodes and the report of their drift name the blocks that no longer exist.
  const rest = without({ ...stack }, "check") as unknown as StackJson;
  const locals = without(stack.locals, "drift") as StackJson["locals"];
  return { ...rest, locals, resource, data, output: without(stack.output, "nodes") as StackJson["output"] };
}

function instanceOf(block: Block, node: string): Block {
  const quoted = String.raw`\"${node}\"`;
  const text = JSON.stringify(without(block, "for_each"))
    .replace(/\b(null_resource|digitalocean_droplet)\.(\w+)\[each\.key\]/g, `$1.$2-${node}`)
    .replace(/"(null_resource|digitalocean_droplet)\.(\w+)"/g, `"$1.$2-${node}"`)
    .replaceAll("each.value", `local.nodes[${quoted}]`)
    .replaceAll("each.key", quoted);
  return JSON.parse(text) as Block;
}
