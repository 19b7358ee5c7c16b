import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { activations, isComputeStack, type Stack } from "../terraform/stacks";
import type { Terraform } from "../terraform/terraform";
import { keyOf, nodesOfStack, type NodeKey } from "./node-key";

/** A node as it is deployed. */
export interface DeployedNode extends NodeKey {
  readonly generation: string;
}

/** The nodes that compute stacks have deployed, according to their outputs. */
export async function deployedNodes(
  stacks: readonly Stack[],
  terraform: Terraform,
  nodes: readonly NodeKey[],
): Promise<DeployedNode[]> {
  const deployed: DeployedNode[] = [];
  for (const stack of stacks.filter(isComputeStack)) {
    const { outputs } = await terraform.state(stack.folder);
    const known = (outputs["nodes"] ?? {}) as Readonly<Record<string, { readonly generation?: string }>>;
    for (const node of nodesOfStack(nodes, stack)) {
      const { generation = "" } = known[node.node] ?? {};
      deployed.push(...(generation === "" ? [] : [{ ...node, generation }]));
    }
  }
  return deployed;
}

/**
 * Makes synthesised stacks describe these nodes as they are deployed, whatever the configuration says: a deploy of
 * these stacks leaves them alone. The next synthesis undoes it, and so does the returned function.
 */
export function keepGenerations(stacks: readonly Stack[], nodes: readonly DeployedNode[]): () => void {
  const written = stacks.flatMap((stack) => {
    const own = stack.id === activations ? nodes : nodesOfStack(nodes, stack);
    if (own.length === 0) {
      return [];
    }
    const file = join(stack.folder, "cdk.tf.json");
    const text = readFileSync(file, "utf8");
    const byKey = new Map(
      own.map((node) => [stack.id === activations ? keyOf(node) : node.node, node.generation]),
    );
    writeFileSync(file, JSON.stringify(kept(JSON.parse(text), byKey), undefined, 2));
    return [{ file, text }];
  });
  return () => {
    written.forEach(({ file, text }) => {
      writeFileSync(file, text);
    });
  };
}

/**
 * The stack has one map of its nodes' arguments, by key, with each node's generation and the values that contain it.
 */
function kept(json: unknown, generations: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(json)) {
    return json.map((one) => kept(one, generations));
  }
  if (typeof json !== "object" || json === null) {
    return json;
  }
  return Object.fromEntries(
    Object.entries(json).map(([name, value]: [string, unknown]) => {
      const deployed = generations.get(name);
      const planned = deployed === undefined ? undefined : generationIn(value);
      return [
        name,
        deployed === undefined || planned === undefined
          ? kept(value, generations)
          : (JSON.parse(JSON.stringify(value).replaceAll(planned, deployed)) as unknown),
      ];
    }),
  );
}

function generationIn(value: unknown): string | undefined {
  const { generation } = (value ?? {}) as { readonly generation?: unknown };
  return typeof generation === "string" ? generation : undefined;
}
