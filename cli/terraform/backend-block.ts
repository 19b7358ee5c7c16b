import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Backend } from "../../config/schema";
import type { TerraformBlock } from "./stacks";

/** The part of a stack's `terraform` block that says where its state is. */
export type BackendBlock = Pick<TerraformBlock, "backend" | "cloud">;

/** The backend of a stack whose state has this key; here the path to a local state is absolute. */
export function backendBlock(backend: Backend, key: string): BackendBlock {
  switch (backend.kind) {
    case "local":
      return { backend: { local: { path: resolve(backend.folder, `${key}.tfstate`) } } };
    case "s3": {
      const { bucket, region, kmsKeyId } = backend;
      const encryption = kmsKeyId === undefined ? {} : { kms_key_id: kmsKeyId };
      const file = `${key}.tfstate`;
      return {
        backend: { s3: { bucket, region, key: file, encrypt: true, ...encryption, use_lockfile: true } },
      };
    }
    case "cloud": {
      const { organization, hostname, project } = backend;
      return { cloud: { hostname, organization, workspaces: { name: key, ...(project && { project }) } } };
    }
  }
}

/** Describes where a state is, for people and for comparison. Relative paths start from `folder`. */
export function describePlace({ backend, cloud }: BackendBlock, folder: string): string {
  if (cloud !== undefined) {
    const { hostname, organization, workspaces } = cloud;
    return `the workspace ${workspaces.name} of ${organization} at ${hostname}`;
  }
  if (backend?.local !== undefined) {
    // Terraform resolves `..` from the folder's real path.
    return resolve(realpathSync(folder), backend.local.path);
  }
  const { bucket, key } = backend?.s3 ?? {};
  return `s3://${String(bucket)}/${String(key)}`;
}

/** The backend that `terraform init` has last been run for in a folder. */
export function rememberedBackend(folder: string): BackendBlock | undefined {
  const file = join(folder, ".terraform", "terraform.tfstate");
  if (!existsSync(file)) {
    return undefined;
  }
  const { backend } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly backend?: { readonly type: string; readonly config: object };
  };
  if (backend === undefined) {
    return undefined;
  }
  const { type, config } = backend;
  return (type === "cloud" ? { cloud: config } : { backend: { [type]: config } }) as BackendBlock;
}
