import { setTimeout as delay } from "node:timers/promises";

/** The load balancer's answers. */
export interface Answers {
  readonly status: number;
  /** Names of the nodes that answered, sorted. */
  readonly nodesSeen: readonly string[];
}

/** Seconds within which every node must answer. */
const timeout = 120;

/**
 * Reads the page until exactly these nodes have answered, each with status 200.
 * @throws Error that names the nodes that were seen and the last answer
 */
export async function readFromEveryNode(url: string, nodes: readonly string[]): Promise<Answers> {
  const seen = new Set<string>();
  const deadline = Date.now() + timeout * 1000;
  let last = "no answer";
  while (Date.now() < deadline) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      const body = await response.text();
      last = `${response.status} ${body.trim()}`;
      if (response.ok) {
        seen.add((JSON.parse(body) as { node: string }).node);
      }
      if (nodes.every((node) => seen.has(node))) {
        return { status: response.status, nodesSeen: [...seen].sort() };
      }
    } catch (error) {
      last = String(error);
    }
    await delay(100);
  }
  throw new Error(
    `${url} was not answered by ${nodes.join(", ")} within ${timeout} s; seen: ${[...seen].join(", ") || "none"}; last: ${last}`,
  );
}
