import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const timeoutMilliseconds = 20_000;

/** Fingerprint of the primary key in `signing-key.asc`, for environments that run against the local cloud. */
export const signingKeyFingerprint = "8B9996483D7E9DC513EC51B8041642B27CAD71F3";

/** A detached signature, and the public key that verifies it; both armoured. */
export interface Signature {
  readonly signature: string;
  readonly publicKey: string;
}

/** Signs a text with a secret key (armoured, no passphrase). Needs `gpg`. */
export async function sign(text: string, secretKey: string): Promise<Signature> {
  // gpg's agent listens on a socket in its home, so the path must be short.
  const home = await mkdtemp(join(tmpdir(), "gpg-"));
  const gpg = (...parameters: readonly string[]): Promise<string> =>
    run("gpg", ["--homedir", home, "--batch", "--quiet", ...parameters]);
  try {
    await writeFile(join(home, "key"), secretKey, { mode: 0o600 });
    await writeFile(join(home, "text"), text);
    await gpg("--import", join(home, "key"));
    await gpg("--armor", "--detach-sign", "--output", join(home, "text.asc"), join(home, "text"));
    const [signature, publicKey] = await Promise.all([
      readFile(join(home, "text.asc"), "utf8"),
      gpg("--armor", "--export"),
    ]);
    return { signature, publicKey };
  } finally {
    await run("gpgconf", ["--homedir", home, "--kill", "all"]).catch(() => "");
    await rm(home, { recursive: true, force: true });
  }
}

function run(program: string, parameters: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, parameters, { timeout: timeoutMilliseconds }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new Error(`${program} ${parameters.join(" ")} failed: ${stderr.trim() || error.message}`));
      }
    });
  });
}
