import { createHash } from "node:crypto";
import type { Socket } from "node:net";

/** A provider's start, as Terraform asked for it. */
export interface Start {
  /** The same for starts that make the same provider. */
  readonly key: string;
  readonly executable: string;
  /** File with the part of its schema that Terraform is told of. */
  readonly schemaFile: string;
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Bytes before the message: its length. */
const prefix = 4;

/** Reads what front.py sends. @throws Error when it ends before it has sent all */
export async function readStart(front: Socket): Promise<Start> {
  let received = Buffer.alloc(0);
  const isWhole = (): boolean =>
    received.length >= prefix && received.length >= prefix + received.readUInt32BE(0);
  // Not by iteration, which would close the connection at its end.
  await new Promise<void>((resolve, reject) => {
    front.on("data", (part: Buffer) => {
      received = Buffer.concat([received, part]);
      if (isWhole()) {
        resolve();
      }
    });
    front.once("close", () => {
      reject(new Error("Terraform has ended its provider"));
    });
  });
  const [executable = "", schemaFile = "", folder = "", ...entries] = received
    .subarray(prefix)
    .toString()
    .split("\0");
  const variables = Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
  return { key: keyOf(executable, folder, variables), executable, schemaFile, folder, variables };
}

/** Variables that differ from command to command, and that no provider reads. */
const passing = /^(PLUGIN_CLIENT_CERT|PLUGIN_PROTOCOL_VERSIONS|SHLVL|OLDPWD|_|npm_.*)$/;

/** A digest, since variables hold secrets. */
function keyOf(executable: string, folder: string, variables: Start["variables"]): string {
  const told = Object.entries(variables)
    .filter(([name]) => !passing.test(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([executable, folder, told]))
    .digest("hex");
}
