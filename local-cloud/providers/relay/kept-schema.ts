import { createHash } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http2";
import { dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import { messagePrefix, patience, service, startPlugin } from "./plugin";
import { heldPart, heldTypes } from "./schema-part";

/** Bytes before the kept schema: a digest of it, and of all that it depends on. */
const markLength = 32;

/**
 * The part of a provider's schema that Terraform is told of. Asking for the whole takes seconds, so the part is kept, only
 * for the provider that was asked last. Several processes may read and write the file at once: what isn't whole is made anew.
 * @throws Error when the provider can't be started
 */
export async function keptSchema(file: string, executable: string): Promise<Buffer> {
  const { size, mtimeMs } = await stat(executable);
  const markOf = (schema: Buffer): Buffer =>
    createHash("sha256")
      .update(JSON.stringify([executable, size, mtimeMs, heldTypes]))
      .update(schema)
      .digest();
  const kept = await readFile(file).catch(() => Buffer.alloc(0));
  const schema = kept.subarray(markLength);
  if (markOf(schema).equals(kept.subarray(0, markLength))) {
    return schema;
  }
  const part = heldPart(await schemaOf(executable));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat([markOf(part), part]));
  return part;
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
