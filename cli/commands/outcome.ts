import type { Deployment } from "./prepared";
import { deployedOutputs } from "../refusals/deployed-output";
import { Refusal } from "../refusals/refusal";
import { table } from "../report/table";
import { isComputeStack, siteOf } from "../terraform/stacks";

/** The outcome of each stack, by id: in Terraform's words where something changed, undefined elsewhere. */
export type Outcome = ReadonlyMap<string, string | undefined>;

const width = 80;

/**
 * A command's closing summary for people: the changes of each stack, the URLs that clients connect to, and the time
 * taken.
 *
 * @param seconds the time it took
 */
export async function outcomeText(
  deployment: Deployment,
  outcome: Outcome,
  seconds: number,
): Promise<string> {
  const urls = await urlsOf(deployment);
  const parts = [
    changesTable(outcome),
    ...(urls.length === 0 ? [] : [table([["SERVICE", "SITE", "URL"], ...urls], width)]),
    `Done in ${duration(seconds)}.`,
  ];
  return `\n${parts.join("\n\n")}`;
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

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
