import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CertificateAuthority } from "../digitalocean/balancing/certificate-authority";
import type { Environment } from "../environment";
import { addCredentials } from "../terraform/credentials";
import type { Terraform } from "../terraform/setup";
import { writeTrust } from "../terraform/trust";
import type { World } from "../world";
import { serveTerraformCloud, type TerraformCloud } from "./api/serve";

export interface OpeningOptions {
  /** Of the local cloud. */
  readonly directory: string;
  /** The same, with a path that is short enough for Unix sockets. */
  readonly runDirectory: string;
  readonly token: string;
  readonly terraform: Terraform;
  readonly authority: CertificateAuthority;
  /** Endpoints and stand-in providers, which reach remote runs. */
  readonly localWorld: Environment;
}

/** HCP Terraform, ready for a user: Terraform has its token and trusts its certificate. */
export interface OpenTerraformCloud extends TerraformCloud {
  /** Variables for every command. */
  readonly environment: Environment;
}

/** Serves HCP Terraform and writes the files that its user needs. */
export async function openTerraformCloud(world: World, options: OpeningOptions): Promise<OpenTerraformCloud> {
  const { directory, runDirectory, token, terraform, authority, localWorld } = options;
  const trusted = join(directory, "trusted.pem");
  const portFile = join(directory, "terraform-cloud.port");
  const cloud = await serveTerraformCloud(world, {
    directory: join(directory, "terraform-cloud"),
    port: Number(await readFile(portFile, "utf8").catch(() => "0")),
    certificate: await authority.issue(["localhost"]),
    organisation: "local-cloud",
    token,
    terraformVersion: terraform.version,
    worker: {
      folder: runDirectory,
      executable: terraform.environment.TERRAFORM_BINARY_NAME,
      configuration: await readFile(terraform.environment.TF_CLI_CONFIG_FILE, "utf8"),
      localWorld: { ...localWorld, SSL_CERT_FILE: trusted },
      relay: terraform.relay,
    },
  });
  const root = join(directory, "certificate-authority.pem");
  await writeFile(portFile, new URL(`https://${cloud.hostname}`).port);
  await addCredentials(terraform.environment.TF_CLI_CONFIG_FILE, cloud.hostname, token);
  await writeTrust(trusted, authority.root);
  return {
    ...cloud,
    // Node.js trusts the authority in addition to its own; everything else needs a file with all of them.
    environment: {
      LOCAL_CLOUD_TERRAFORM_HOSTNAME: cloud.hostname,
      NODE_EXTRA_CA_CERTS: root,
      SSL_CERT_FILE: trusted,
    },
  };
}
