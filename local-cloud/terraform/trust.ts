import { readFile, writeFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";

/** Files with the certificates that systems trust. Source: Go, crypto/x509, root_linux.go and root_bsd.go. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * Writes the certificates that are trusted already, and a further one, into one file for SSL_CERT_FILE, which replaces
 * the system's: providers must still be downloaded. Go, and so Terraform, reads the variable only on Linux.
 * @param given the present SSL_CERT_FILE
 */
export async function writeTrust(
  file: string,
  root: string,
  given: string | undefined = process.env["SSL_CERT_FILE"],
): Promise<string> {
  for (const path of [...(given === undefined ? [] : [given]), ...systemFiles]) {
    const trusted = await readFile(path, "utf8").catch(() => undefined);
    if (trusted !== undefined) {
      await writeFile(file, `${trusted.trimEnd()}\n${root}`);
      return file;
    }
  }
  await writeFile(file, [...rootCertificates, root].join("\n"));
  return file;
}
