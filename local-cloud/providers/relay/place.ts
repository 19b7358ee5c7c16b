import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http2";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { bundle } from "../../bundle";
import { shellQuoted } from "../../environment";
import { heldPart, heldTypes } from "./schema-part";
import { messagePrefix, patience, service, startPlugin } from "./plugin";

/** A provider's package in a mirror. */
export interface Package {
  /** Folder of its executable. */
  readonly folder: string;
  /** The same in any mirror: ADDRESS/VERSION/OS_ARCH. */
  readonly place: string;
}

/** The relay's program, and the one that Terraform starts, in the mirror. */
const program = "relay.js";
const front = "front.py";

/** Path of the relay's program in a mirror. */
export const relayProgram = (mirror: string): string => join(mirror, program);

/**
 * Makes a mirror whose AWS provider is a relay to the real one. Terraform then reads a thirtieth of the schema, which is
 * most of the work of a small plan. Local clouds share it as long as nothing of it has changed.
 * @param root folder for it
 * @param python a Python 3
 * @returns the mirror
 * @throws Error when the provider can't be started
 */
export async function placeRelay(root: string, python: string, { folder, place }: Package): Promise<string> {
  const name = (await readdir(folder)).find((file) => file.startsWith("terraform-provider-")) ?? "";
  const executable = join(folder, name);
  await mkdir(root, { recursive: true });
  const unfinished = await mkdtemp(join(root, "new-"));
  try {
    await bundle(join(__dirname, "relay.ts"), join(unfinished, program));
    await copyFile(join(__dirname, "front.py"), join(unfinished, front));
    const { size, mtimeMs } = await stat(executable);
    const mark = createHash("sha256")
      .update(await readFile(join(unfinished, program)))
      .update(await readFile(join(unfinished, front)))
      .update(JSON.stringify([executable, size, mtimeMs, python, heldTypes]))
      .digest("hex");
    const mirror = join(root, mark.slice(0, 16));
    if (!existsSync(mirror)) {
      await writeFile(join(unfinished, "schema"), heldPart(await schemaOf(executable)));
      const words = [python, "-I", "-S", join(mirror, front), executable, join(mirror, "schema")];
      await mkdir(join(unfinished, place), { recursive: true });
      const script = join(unfinished, place, name);
      await writeFile(script, `#!/bin/sh\nexec ${words.map(shellQuoted).join(" ")}\n`);
      await chmod(script, 0o755);
      await chmod(unfinished, 0o755);
      // Another local cloud may have made it meanwhile.
      await rename(unfinished, mirror).catch((error: unknown) => {
        if (!existsSync(mirror)) {
          throw error;
        }
      });
    }
    return mirror;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** The whole schema of a provider, as it sends it. */
async function schemaOf(executable: string): Promise<Buffer> {
  // By this value a plugin knows that it isn't started by hand. Source: github.com/hashicorp/terraform, plugin/serve.go.
  const cookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
  const variables = { ...process.env, TF_PLUGIN_MAGIC_COOKIE: cookie };
  const { session } = await startPlugin(executable, variables, dirname(executable));
  try {
    const request = session.request({
      ":method": "POST",
      ":path": `${service}/GetSchema`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    session.setTimeout(patience, () => {
      session.destroy(new Error(`${executable} doesn't answer within ${patience / 1000} seconds`));
    });
    request.end(Buffer.alloc(messagePrefix));
    let status: IncomingHttpHeaders = {};
    // An error comes without trailers.
    for (const part of ["response", "trailers"]) {
      request.on(part, (headers: IncomingHttpHeaders) => {
        status = { ...status, ...headers };
      });
    }
    const message = await buffer(request);
    if (status["grpc-status"] !== "0") {
      throw new Error(`${executable} doesn't give its schema: ${String(status["grpc-message"])}`);
    }
    return message.subarray(messagePrefix);
  } finally {
    session.destroy();
  }
}
