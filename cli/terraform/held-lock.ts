import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { terraformIn } from "./shown-command";
import { readStackJson } from "./stacks";

/** A lock that another process holds on a state. */
export interface HeldLock {
  /** Its id, as `force-unlock` takes it. */
  readonly id: string;
  /** Its holder, purpose and start; undefined where Terraform doesn't know. */
  readonly holder: string | undefined;
}

/** The lock that kept Terraform, or OpenTofu, from a state, according to its output. */
export function heldLock(output: string): HeldLock | undefined {
  const [, told] = stripVTControlCharacters(output).split("Error acquiring the state lock");
  if (told === undefined) {
    return undefined;
  }
  const text = told.replaceAll(/[│|]/g, " ");
  // Terraform may break the line. The other facts are then the caller's own: HCP Terraform reports nothing about the
  // holder.
  const [, workspace] = /\(lock ID:\s+"([^"]+)"\)/.exec(text) ?? [];
  if (workspace !== undefined) {
    return { id: workspace, holder: undefined };
  }
  const fact = (name: string) => new RegExp(`^ +${name}: +(.*\\S)`, "m").exec(text)?.[1];
  const id = fact("ID");
  if (id === undefined) {
    return undefined;
  }
  const since = /^(\S+ \d\d:\d\d)\S* \S+ (\S+)/.exec(fact("Created") ?? "");
  const purpose = fact("Operation")?.replace("OperationType", "").toLowerCase() ?? "";
  const holder = `${fact("Who") ?? "someone"} has held it since ${since?.slice(1).join(" ") ?? "an unknown time"}`;
  return { id, holder: purpose === "" ? holder : `${holder}, for: ${purpose}` };
}

/**
 * Says who holds the lock on a stack's state, and when and how to break it.
 *
 * @param command name or path of Terraform
 */
export function explainLock({ id, holder }: HeldLock, folder: string, command: string): string {
  const { backend, cloud } = readStackJson(join(folder, "cdk.tf.json")).terraform;
  const known =
    holder ??
    (cloud === undefined
      ? "someone holds it"
      : `https://${cloud.hostname}/app/${id.replace("/", "/workspaces/")} says who`);
  if (backend?.local !== undefined) {
    // Terraform can't break it: it belongs to the other process, and ends with that.
    return `The state is locked: ${known}. Wait until that run has ended, or end it, and run the same command again.`;
  }
  return (
    `The state is locked: ${known}. Wait until that run has ended, and run the same command again. Only if it has ` +
    "certainly ended without releasing the lock (it was killed, or lost its machine or network), break the lock: " +
    `${terraformIn(folder, command)} force-unlock ${id}`
  );
}
