import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The state of a key since it signed, or of its signature. */
export type Fate = "valid" | "expired" | "revoked" | "signature-expired";

/** An installer with what is published beside it. */
export interface Signed {
  /** Fingerprint of the primary key; a subkey signs, as AWS does. */
  readonly fingerprint: string;
  readonly publicKey: string;
  readonly signature: string;
}

/** An installer and its signature, and the same key as it is published before and after its end. */
export interface SignedForLife {
  readonly fingerprint: string;
  readonly signature: string;
  readonly publicKeys: Readonly<Record<"valid" | "expired" | "revoked", string>>;
}

/**
 * Made and used on New Year's Day 2020, so that what is valid for a day has expired. gpg's clock goes on from there: a
 * minute for each step, or a slow one would make a key in the future of the next, which could not use it.
 */
const minute = (step: number) => `--faked-system-time=20200101T000${step}00`;

/** Makes a key and signs a text with it, both with the real gpg. */
export function signWithNewKey(text: string, fate: Fate = "valid"): Signed {
  return withKeyring((keyring) => {
    const fingerprint = makeKey(keyring, fate === "expired" ? "1d" : "never");
    const signature = detachSign(keyring, fingerprint, text, fate === "signature-expired" ? "1d" : "0");
    if (fate === "revoked") {
      revoke(keyring, fingerprint);
    }
    return { fingerprint, signature, publicKey: publish(keyring, fingerprint) };
  });
}

/** As {@link signWithNewKey}, with a key that is published as long as it is valid, and when it is no more. */
export function signWithKeyOfAllFates(text: string): SignedForLife {
  return withKeyring((keyring) => {
    const fingerprint = makeKey(keyring, "never");
    const signature = detachSign(keyring, fingerprint, text, "0");
    const valid = publish(keyring, fingerprint);
    keyring.gpg([minute(3), "--quick-set-expire", fingerprint, "1d"]);
    const expired = publish(keyring, fingerprint);
    keyring.gpg(["--quick-set-expire", fingerprint, "0"]);
    revoke(keyring, fingerprint);
    return { fingerprint, signature, publicKeys: { valid, expired, revoked: publish(keyring, fingerprint) } };
  });
}

interface Keyring {
  readonly home: string;
  readonly gpg: (args: readonly string[], input?: string) => string;
}

function withKeyring<T>(work: (keyring: Keyring) => T): T {
  // A short path: the agent's socket lies inside.
  const home = mkdtempSync(join(tmpdir(), "gpg-"));
  const gpg = (args: readonly string[], input = "") =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--yes", "--quiet", "--passphrase", "", ...args], {
      input,
      stdio: ["pipe", "pipe", "ignore"],
      timeout: 20_000,
    }).toString();
  try {
    return work({ home, gpg });
  } finally {
    execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
    rmSync(home, { recursive: true });
  }
}

/** Makes a primary key and a subkey that signs; returns the primary key's fingerprint. */
function makeKey({ gpg }: Keyring, expiry: string): string {
  gpg([minute(0), "--quick-generate-key", "Signer <signer@example.invalid>", "ed25519", "cert", expiry]);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg(["--with-colons", "--list-keys"]))?.[1] ?? "";
  gpg([minute(1), "--quick-add-key", fingerprint, "ed25519", "sign", expiry]);
  return fingerprint;
}

function detachSign({ gpg }: Keyring, fingerprint: string, text: string, lifetime: string): string {
  return gpg(
    [minute(2), "--default-sig-expire", lifetime, "--armor", "--local-user", fingerprint, "--detach-sign"],
    text,
  );
}

function revoke({ home, gpg }: Keyring, fingerprint: string): void {
  const prepared = join(home, "openpgp-revocs.d", `${fingerprint}.rev`);
  // gpg guards a prepared certificate against an import by accident, with a colon.
  writeFileSync(prepared, readFileSync(prepared, "utf8").replace(":-----BEGIN", "-----BEGIN"));
  gpg(["--import", prepared]);
}

function publish({ gpg }: Keyring, fingerprint: string): string {
  return gpg(["--armor", "--export", fingerprint]);
}
