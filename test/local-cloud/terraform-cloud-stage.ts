import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Ended } from "../../demo/command";
import { createCertificateAuthority } from "../../local-cloud/digitalocean/balancing/certificate-authority";
import { serveTerraformCloud, type TerraformCloud } from "../../local-cloud/terraform-cloud/api/serve";
import { addCredentials } from "../../local-cloud/terraform/credentials";
import { writeTrust } from "../../local-cloud/terraform/trust";
import { createWorld, type World } from "../../local-cloud/world";
import { callTerraformCloud, type Reply } from "../support/observation/terraform-cloud";

/** HCP Terraform by itself, and a client of it. */
export interface TerraformCloudStage {
  readonly world: World;
  readonly cloud: TerraformCloud;
  readonly directory: string;
  /** Terraform, where the stage was started with it. */
  readonly executable: string;
  /** Certificate of the authority, in PEM. */
  readonly root: string;
  /** By which Terraform, our commands and curl have its token and trust it. */
  readonly userVariables: NodeJS.ProcessEnv;
  /** @param path below /api/v2/, or whole, or an address */
  readonly call: (method: string, path: string, body?: object | string, token?: string) => Promise<Reply>;
  /** Makes a workspace and returns its id. */
  readonly createWorkspace: (name: string, attributes?: object) => Promise<string>;
  /** Locks, writes a state and unlocks. */
  readonly writeState: (workspace: string, serial: number, outputs?: object) => Promise<void>;
  readonly close: () => Promise<void>;
}

export const token = "the-token";
export const owner = "organizations/acme";

/** Starts it with an organisation `acme`, in which there is nothing. */
export async function startTerraformCloud(
  { version: terraformVersion, executable }: { readonly version: string; readonly executable: string } = {
    version: "1.11.4",
    executable: "terraform",
  },
): Promise<TerraformCloudStage> {
  const world = createWorld("123456789012");
  const authority = await createCertificateAuthority();
  const directory = mkdtempSync(join(tmpdir(), "terraform-cloud-"));
  const cloud = await serveTerraformCloud(world, {
    directory: join(directory, "cloud"),
    port: 0,
    certificate: await authority.issue(["localhost"]),
    organisation: "acme",
    token,
    terraformVersion,
    worker: {
      folder: directory,
      executable,
      configuration: "",
      relay: undefined,
      localWorld: { SSL_CERT_FILE: await writeTrust(join(directory, "trusted.pem"), authority.root) },
    },
  });
  await addCredentials(join(directory, "terraformrc"), cloud.hostname, token);
  const call: TerraformCloudStage["call"] = (method, path, body, bearer = token) =>
    callTerraformCloud(new URL(path, `https://${cloud.hostname}/api/v2/`), {
      method,
      body,
      token: bearer,
      root: authority.root,
    });
  const rootFile = join(directory, "root.pem");
  writeFileSync(rootFile, authority.root);
  const stage: TerraformCloudStage = {
    world,
    cloud,
    directory,
    executable,
    root: authority.root,
    userVariables: {
      TF_CLI_CONFIG_FILE: join(directory, "terraformrc"),
      SSL_CERT_FILE: join(directory, "trusted.pem"),
      NODE_EXTRA_CA_CERTS: rootFile,
    },
    call,
    createWorkspace: async (name, attributes = {}) => {
      const body = { data: { type: "workspaces", attributes: { name, ...attributes } } };
      return (await call("POST", `${owner}/workspaces`, body)).data.id;
    },
    writeState: async (workspace, serial, outputs) => {
      await call("POST", `workspaces/${workspace}/actions/lock`);
      await upload(stage, workspace, stateText(serial, outputs));
      await call("POST", `workspaces/${workspace}/actions/unlock`);
    },
    close: async () => {
      await cloud.close();
      rmSync(directory, { recursive: true });
    },
  };
  return stage;
}

/** A state in Terraform's format. */
export function stateText(serial: number, outputs: object = {}, lineage = "a-lineage"): string {
  return JSON.stringify({ version: 4, terraform_version: "1.11.4", serial, lineage, outputs, resources: [] });
}

/** The announcement of a state; `more` replaces parts of it. */
export function announcement(text: string, more: object = {}): object {
  const { serial, lineage } = JSON.parse(text) as { serial: number; lineage: string };
  const md5 = createHash("md5").update(text).digest("hex");
  return { data: { type: "state-versions", attributes: { serial, lineage, md5, ...more } } };
}

/** Announces a state and uploads it, and returns the answer to the upload. */
export async function upload({ call }: TerraformCloudStage, workspace: string, text: string): Promise<Reply> {
  const { data } = await call("POST", `workspaces/${workspace}/state-versions`, announcement(text));
  return call("PUT", String(data.attributes["hosted-state-upload-url"]), text, "");
}

/** Terraform in a folder of its own, whose workspace has the same name. */
export function workIn(stage: TerraformCloudStage, name: string, configuration: object) {
  const folder = join(stage.directory, name);
  mkdirSync(folder);
  const { hostname } = stage.cloud;
  const configure = (more: object): void => {
    const cloud = { hostname, organization: "acme", workspaces: { name } };
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ terraform: { cloud }, ...more }));
  };
  configure(configuration);
  const terraform = (...args: string[]): Promise<Ended> =>
    run({
      program: stage.executable,
      args,
      folder,
      variables: {
        PATH: process.env["PATH"],
        HOME: stage.directory,
        ...stage.userVariables,
        SECRET_OF_THE_USER: "of the user",
        CHECKPOINT_DISABLE: "1",
        TF_IN_AUTOMATION: "1",
      },
      log: undefined,
      seconds: 30,
    });
  return { folder, configure, terraform };
}
