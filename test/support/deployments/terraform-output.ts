import type { Ended } from "../../../demo/command";

/** The messages of the script of a node's deregistration, guard or gate, in order. */
export function said(
  { stdout }: Pick<Ended, "stdout">,
  part: "deregistration" | "guard" | "registration",
  node: string,
): string[] {
  const [start, subject] = [`null_resource.${part}["${node}"] (local-exec): `, /^anywhere: \w+ of \S+: /];
  return stdout
    .split("\n")
    .filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length))
    .filter((line) => subject.test(line))
    .map((line) => line.replace(subject, ""));
}

/** The reason of a failure as a user reads it, without Terraform's frame and line breaks. */
export function reasons({ stdout, stderr }: Ended): string {
  return `${stdout}\n${stderr}`.replace(/[│╷╵]/g, "").replace(/\s+/g, " ");
}
