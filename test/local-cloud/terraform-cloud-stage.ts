import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { createCertificateAuthority } from "../../local-cloud/digitalocean/balancing/certificate-authority";
import { serveTerraformCloud, type TerraformCloud } from "../../local-cloud/terraform-cloud/api/serve";
import { createWorld, type World } from "../../local-cloud/world";

/** An object of an answer. */
export interface Shown {
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly relationships: Readonly<Record<string, { readonly data?: unknown } | undefined>>;
}

export interface Reply {
  readonly status: number;
  readonly data: Shown;
  readonly list: readonly Shown[];
  readonly errors: readonly { readonly title: string; readonly detail?: string }[];
}

/** HCP Terraform by itself, and a client of it. */
export interface TerraformCloudStage {
  readonly world: World;
  readonly cloud: TerraformCloud;
  readonly directory: string;
  /** Certificate of the authority, in PEM. */
  readonly root: string;
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
export async function startTerraformCloud(terraformVersion = "1.11.4"): Promise<TerraformCloudStage> {
  const world = createWorld("123456789012");
  const authority = await createCertificateAuthority();
  const directory = mkdtempSync(join(tmpdir(), "terraform-cloud-"));
  const cloud = await serveTerraformCloud(world, {
    directory: join(directory, "states"),
    certificate: await authority.issue(["localhost"]),
    organisation: "acme",
    token,
    terraformVersion,
  });
  const call: TerraformCloudStage["call"] = (method, path, body, bearer = token) =>
    send(new URL(path, `https://${cloud.hostname}/api/v2/`), { method, body, bearer, root: authority.root });
  const stage: TerraformCloudStage = {
    world,
    cloud,
    directory,
    root: authority.root,
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

/** What announces a state; `more` replaces parts of it. */
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

interface Sent {
  readonly method: string;
  readonly body: object | string | undefined;
  readonly bearer: string;
  readonly root: string;
}

async function send(url: URL, { method, body, bearer, root }: Sent): Promise<Reply> {
  const headers = bearer === "" ? {} : { authorization: `Bearer ${bearer}` };
  return new Promise((resolve, reject) => {
    const options = { method, headers, ca: root, agent: false as const, timeout: 10_000 };
    const sent = request(url, options, (response) => {
      const status = response.statusCode ?? 0;
      const isEmpty = status === 204 || response.headers["content-type"] === undefined;
      const answered = isEmpty ? Promise.resolve({}) : json(response);
      response.resume();
      answered.then((answer) => {
        const { data, errors = [] } = answer as { data?: Shown | Shown[]; errors?: Reply["errors"] };
        const [list, one] = Array.isArray(data) ? [data, data[0]] : [[], data];
        resolve({ status, data: one ?? (answer as Shown), list, errors });
      }, reject);
    });
    sent.on("error", reject);
    sent.end(typeof body === "object" ? JSON.stringify(body) : body);
  });
}
