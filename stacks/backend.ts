import { CloudBackend, LocalBackend, NamedCloudWorkspace, S3Backend, type TerraformRemoteState } from "cdktf";
import type { TerraformStack } from "cdktf";
import type { Backend } from "../config/schema";

/** Where a stack keeps its state, and how other stacks read it. */
export interface StateBackend {
  /** The state as a data source of `reader` with this id. */
  readBy(reader: TerraformStack, id: string): TerraformRemoteState;
}

/** Gives `stack` the configured backend, its state under `key`. */
export function createBackend(stack: TerraformStack, backend: Backend, key: string): StateBackend {
  const created = create(stack, backend, key);
  return { readBy: (reader, id) => created.getRemoteStateDataSource(reader, id, id) };
}

function create(stack: TerraformStack, backend: Backend, key: string) {
  switch (backend.kind) {
    case "local":
      // Seen from every stack's folder, cdktf.out/stacks/<id>: one string serves producer and readers, on any machine.
      return new LocalBackend(stack, { path: `../../../state/${key}.tfstate` });
    case "s3": {
      const { bucket, region, kmsKeyId } = backend;
      stack.addOverride("terraform.backend.s3.use_lockfile", true);
      return new S3Backend(stack, { bucket, region, key: `${key}.tfstate`, encrypt: true, kmsKeyId });
    }
    case "cloud": {
      const { organization, hostname, project } = backend;
      return new CloudBackend(stack, {
        organization,
        hostname,
        workspaces: new NamedCloudWorkspace(key, project),
      });
    }
  }
}
