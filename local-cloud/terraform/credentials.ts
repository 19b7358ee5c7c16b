import { appendFile } from "node:fs/promises";

/**
 * Gives a CLI configuration a host's token. A variable can't: its name, TF_TOKEN_ and the host, has no room for a port.
 * Source: Terraform, "CLI Configuration File (.terraformrc or terraform.rc)", Credentials.
 */
export async function addCredentials(configuration: string, hostname: string, token: string): Promise<void> {
  const block = `credentials ${JSON.stringify(hostname)} {\n  token = ${JSON.stringify(token)}\n}\n`;
  await appendFile(configuration, block);
}
