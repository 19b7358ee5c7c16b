import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What has become of a key since it signed, or of its signature. */
export type Fate = "valid" | "expired" | "revoked" | "signature-expired";

/** An installer with what is published beside it. */
export interface Signed {
  /** Fingerprint of the primary key; a subkey signs, as AWS does. */
  readonly fingerprint: string;
  readonly publicKey: string;
  readonly signature: string;
}

/** Makes a key and signs a text with it, both with the real gpg. */
export function signWithNewKey(text: string, fate: Fate = "valid"): Signed {
  // A short path: the agent's socket lies inside.
  const home = mkdtempSync(join(tmpdir(), "gpg-"));
  const gpg = (args: readonly string[], input = "") =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--yes", "--quiet", "--passphrase", "", ...args], {
      input,
      stdio: ["pipe", "pipe", "ignore"],
      timeout: 20_000,
    }).toString();
  try {
    // Made and used on New Year's Day 2020, so that what is valid for a day has expired.
    const then = "--faked-system-time=20200101T000000";
    const expiry = fate === "expired" ? "1d" : "never";
    const user = "Signer <signer@example.invalid>";
    gpg([then, "--quick-generate-key", user, "ed25519", "cert", expiry]);
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg(["--with-colons", "--list-keys"]))?.[1] ?? "";
    gpg([then, "--quick-add-key", fingerprint, "ed25519", "sign", expiry]);
    const lifetime = fate === "signature-expired" ? "1d" : "0";
    const signature = gpg(
      [then, "--default-sig-expire", lifetime, "--armor", "--local-user", fingerprint, "--detach-sign"],
      text,
    );
    if (fate === "revoked") {
      const prepared = join(home, "openpgp-revocs.d", `${fingerprint}.rev`);
      // gpg guards a prepared certificate against an import by accident, with a colon.
      writeFileSync(prepared, readFileSync(prepared, "utf8").replace(":-----BEGIN", "-----BEGIN"));
      gpg(["--import", prepared]);
    }
    return { fingerprint, signature, publicKey: gpg(["--armor", "--export", fingerprint]) };
  } finally {
    execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
    rmSync(home, { recursive: true });
  }
}
