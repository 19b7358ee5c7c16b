import { realpathSync, writeFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import {
  App,
  CloudBackend,
  LocalBackend,
  Manifest,
  NamedCloudWorkspace,
  S3Backend,
  type TerraformRemoteState,
} from "cdktf";
import type { TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { executionOf } from "../config/backend-rules";
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
      return new LocalBackend(stack, { path: join(localFolder(stack, backend.folder), `${key}.tfstate`) });
    case "s3": {
      const { bucket, region, kmsKeyId } = backend;
      stack.addOverride("terraform.backend.s3.use_lockfile", true);
      return new S3Backend(stack, { bucket, region, key: `${key}.tfstate`, encrypt: true, kmsKeyId });
    }
    case "cloud": {
      const { organization, hostname, project } = backend;
      if (executionOf(backend) !== "local") {
        keepLockFile(stack);
      }
      return new CloudBackend(stack, {
        organization,
        hostname,
        workspaces: new NamedCloudWorkspace(key, project),
      });
    }
  }
}

/**
 * Keeps the lock file out of the upload for a run: it covers only this machine's platform, and all providers have exact
 * versions anyway.
 */
function keepLockFile(stack: TerraformStack): void {
  addCustomSynthesis(stack, {
    onSynthesize: ({ outdir, manifest }) => {
      const folder = join(outdir, manifest.forStack(stack).workingDirectory);
      writeFileSync(join(folder, ".terraformignore"), ".terraform.lock.hcl\n");
    },
  });
}

const root = realpathSync.native(join(__dirname, ".."));

/**
 * The folder of local states, seen from a stack's folder: one text serves the producer and the readers of a state, and
 * is the same on every machine. It leads to the same place wherever the output is, so that another output folder
 * doesn't mean an empty state, and a second deployment.
 */
function localFolder(stack: TerraformStack, folder: string): string {
  if (isAbsolute(folder)) {
    return folder;
  }
  // Terraform resolves `..` from the folder's real path, whatever links lead to it.
  const outdir = realpathSync.native(App.of(stack).outdir);
  return relative(join(outdir, Manifest.stacksFolder, stack.node.id), join(root, folder));
}
