import { setTimeout as sleep } from "node:timers/promises";
import { makePlan, TerraformFailed } from "../terraform/plan";
import { isComputeStack, type Stack } from "../terraform/stacks";
import type { PlanJson, Terraform } from "../terraform/terraform";

const certificate = "digitalocean_certificate";

const pauseSeconds = 20;

const remedy =
  "DigitalOcean still considers it in use, though clients are served without it: run the same command again later, " +
  "or delete it in DigitalOcean's console.";

interface Attempt {
  readonly exitCode: number;
  /** The certificates that everything else waits for; none when they are gone, or something else is wrong. */
  readonly certificates: readonly string[];
}

/**
 * After a failed apply: when all that is left to do for a site is to delete replaced certificates, retries that for
 * some minutes. The nodes are as they should be, and the stacks after them may continue.
 *
 * @throws {TerraformFailed} when that doesn't help.
 */
export async function afterFailedDeploy(
  stack: Stack,
  failed: number,
  terraform: Terraform,
  variables: NodeJS.ProcessEnv,
): Promise<void> {
  if (!isComputeStack(stack)) {
    throw new TerraformFailed(failed);
  }
  const attempt = async (apply: boolean): Promise<Attempt> => {
    const plan = await makePlan(terraform, stack, [], "nothing");
    const certificates = replacedCertificates(await plan.json());
    const exitCode =
      certificates.length > 0 && apply ? await terraform.run(stack, ["apply", plan.file]) : failed;
    plan.remove();
    return { exitCode, certificates: exitCode === 0 ? [] : certificates };
  };
  const { exitCode, certificates } = await repeat(
    stack.id,
    await attempt(false),
    () => attempt(true),
    variables,
  );
  if (exitCode !== 0) {
    const left = certificates.length > 0;
    throw new TerraformFailed(
      exitCode,
      left ? `Left to be deleted: ${certificates.join(", ")}. ${remedy}` : "",
      left,
    );
  }
}

/** After a failed destroy that has left certificates: retries it for some minutes, and returns its exit code. */
export async function awaitUnused(
  stack: Stack,
  failed: number,
  terraform: Terraform,
  options: readonly string[],
  variables: NodeJS.ProcessEnv,
): Promise<number> {
  const attempt = async (exitCode: number): Promise<Attempt> => {
    const { managed } = await terraform.state(stack.folder);
    const certificates = managed.filter(({ type }) => type === certificate).map(({ address }) => address);
    return { exitCode, certificates };
  };
  const again = async () =>
    attempt(await terraform.run(stack, ["destroy", "-input=false", "-auto-approve", ...options]));
  const { exitCode } = await repeat(stack.id, await attempt(failed), again, variables);
  return exitCode;
}

/** The replaced certificates whose deletion is all that a plan does; none when it does nothing or more. */
export function replacedCertificates({ resource_changes: all = [] }: PlanJson): readonly string[] {
  const changes = all.filter(({ change }) => !["no-op", "read"].includes(change.actions.join()));
  const alone = changes.every(
    ({ type, deposed, change }) =>
      type === certificate && deposed !== undefined && change.actions.join() === "delete",
  );
  return alone ? [...new Set(changes.map(({ address }) => address))] : [];
}

/** Tries again as long as there are certificates to wait for, and time. */
async function repeat(
  id: string,
  first: Attempt,
  again: () => Promise<Attempt>,
  variables: NodeJS.ProcessEnv,
): Promise<Attempt> {
  // DigitalOcean takes minutes to notice that a load balancer has another certificate; the provider waits for 30 s.
  const end = Date.now() + 1000 * Number(variables["RELEASE_SECONDS"] ?? 300);
  let attempt = first;
  for (let left = end - Date.now(); attempt.certificates.length > 0 && left > 0; left = end - Date.now()) {
    const pause = Math.min(pauseSeconds * 1000, left);
    console.error(
      `${id}: DigitalOcean hasn't released ${attempt.certificates.join(", ")} yet: trying again in ` +
        `${Math.ceil(pause / 1000)} s, for ${Math.ceil(left / 1000)} s at most.`,
    );
    await sleep(pause);
    attempt = await again();
  }
  return attempt;
}
