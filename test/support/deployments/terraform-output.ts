import type { Ended } from "../../../demo/command";

/** What the script of a node's deregistration, guard or gate has said, in order. */
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

/** What a user reads as the reason of a failure, without the frame and the line breaks of Terraform. */
export function reasons({ stdout, stderr }: Ended): string {
  return `${stdout}\n${stderr}`.replace(/[│╷╵]/g, "").replace(/\s+/g, " ");
}
