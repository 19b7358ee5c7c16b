import type { Deployment } from "./prepared";
import { deployedOutputs } from "../refusals/deployed-output";
import { Refusal } from "../refusals/refusal";
import { duration } from "../report/duration";
import { table, wrapped } from "../report/table";
import { isComputeStack, serviceStack, siteOf } from "../terraform/stacks";

/** The outcome of each stack, by id: in Terraform's words where something changed, undefined elsewhere. */
export type Outcome = ReadonlyMap<string, string | undefined>;

const width = 80;

/**
 * A command's closing summary for people: the changes of each stack, the URLs that clients connect to, and the time
 * taken.
 *
 * @param seconds the time it took
 * @param destroyed ids of stacks: services whose load balancers remain are named.
 */
export async function outcomeText(
  deployment: Deployment,
  outcome: Outcome,
  seconds: number,
  destroyed: readonly string[] = [],
): Promise<string> {
  const all = await urlsOf(deployment);
  const isGone = ([service = ""]: readonly string[]) => destroyed.includes(serviceStack(service));
  const urls = all.filter((row) => !isGone(row));
  const gone = [...new Set(all.filter(isGone).map(([service = ""]) => service))];
  const parts = [
    changesTable(outcome),
    ...(urls.length === 0 ? [] : [table([["SERVICE", "SITE", "URL"], ...urls], width)]),
    ...(gone.length === 0 ? [] : [wrapped(remaining(gone), width)]),
    `Done in ${duration(seconds)}.`,
  ];
  return `\n${parts.join("\n\n")}`;
}

function remaining(services: readonly string[]): string {
  const names = services.join(", ");
  return `The load balancers of ${names} remain, and cost money, until you remove ${names} from the file and deploy.`;
}

/** The changes of each stack, a line for each. */
export function changesTable(outcome: Outcome): string {
  const changes = [...outcome].map(([id, words = "no changes"]) => [id, words]);
  return table([["STACK", "CHANGES"], ...changes], width);
}

/** A row for each URL, from the states that can be read. A failure here no longer matters: the work is done. */
async function urlsOf(deployment: Deployment): Promise<string[][]> {
  const rows = await Promise.all(
    deployment.stacks.filter(isComputeStack).map(async (stack) => {
      const { urls = {} } = await deployedOutputs(stack.id, deployment).catch((error: unknown) => {
        if (error instanceof Refusal) {
          console.error(deployment.label(stack.id, `Its URLs are not known: ${error.message}`));
          return { urls: {} };
        }
        throw error;
      });
      return Object.entries(urls as Readonly<Record<string, readonly string[]>>).flatMap(([service, all]) =>
        all.map((url) => [service, siteOf(stack), url]),
      );
    }),
  );
  return rows.flat();
}
