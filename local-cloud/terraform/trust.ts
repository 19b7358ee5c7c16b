import { readFile, writeFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";

/** Where systems keep the certificates that they trust. Source: Go, crypto/x509, root_linux.go and root_bsd.go. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * Writes the certificates that are trusted already, and a further one, into one file for SSL_CERT_FILE, which takes the
 * place of the system's: providers are still downloaded. Go, and so Terraform, reads the variable on Linux alone.
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
