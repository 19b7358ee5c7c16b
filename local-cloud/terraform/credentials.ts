import { appendFile } from "node:fs/promises";

/**
 * Adds a host's token to a CLI configuration. A variable can't hold it: its name, TF_TOKEN_ and the host, can't contain
 * a port.
 * Source: Terraform, "CLI Configuration File (.terraformrc or terraform.rc)", Credentials.
 */
export async function addCredentials(configuration: string, hostname: string, token: string): Promise<void> {
  const block = `credentials ${JSON.stringify(hostname)} {\n  token = ${JSON.stringify(token)}\n}\n`;
  await appendFile(configuration, block);
}
