import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isSame, type Caller } from "../state/access";
import { newId, required, type Account, type Workspace } from "../state/account";
import { readable, writable } from "../state/permission";
import { currentOf, type StateVersion } from "../state/state-version";
import { parseState } from "../state/state-file";
import { conflict, invalid } from "./api-error";
import { form, one, read, related, toOne, type Resource } from "./document";
import type { Call, Routes } from "./route";

const creation = form(
  "state-versions",
  z.strictObject({
    serial: z.int().nonnegative(),
    lineage: z.string().optional(),
    md5: z.string().regex(/^[0-9a-f]{32}$/, "must be the MD5 of the state"),
    force: z.boolean().optional(),
    "json-state-outputs": z.string().optional(),
  }),
  z.strictObject({ run: related("runs") }),
);

/** A workspace and one of its versions. */
interface Found {
  readonly workspace: Workspace;
  readonly version: StateVersion;
}

/** Versions of states: created, then uploaded, and read whole. */
export function stateVersionRoutes(account: Account): Routes {
  const find = (wanted: (version: StateVersion) => boolean): Found =>
    required(
      [...account.workspaces.values()]
        .flatMap((workspace) => workspace.versions.map((version) => ({ workspace, version })))
        .find(({ version }) => wanted(version)),
    );
  const readableOf = ({ caller, parameters }: Call): Found => {
    const found = find(({ id }) => id === parameters["version"]);
    readable(account, caller, found.workspace.id);
    return found;
  };
  const show = ({ workspace, version }: Found): Resource => showVersion(account.origin, workspace, version);
  return {
    "POST /api/v2/workspaces/{workspace}/state-versions": {
      answer: ({ caller, parameters, json }) => {
        const workspace = writable(account, caller, parameters["workspace"] ?? "");
        const { attributes } = read(creation, json).data;
        mustHold(workspace, caller);
        if (attributes.force !== true) {
          mustFollow(workspace, attributes);
        }
        const version: StateVersion = {
          id: newId("sv"),
          serial: attributes.serial,
          lineage: attributes.lineage,
          md5: attributes.md5,
          createdAt: new Date().toISOString(),
          secret: randomBytes(24).toString("hex"),
          file: undefined,
          resources: 0,
          outputs: new Map(),
        };
        workspace.versions.push(version);
        return one(show({ workspace, version }), 201);
      },
    },
    "GET /api/v2/workspaces/{workspace}/current-state-version": {
      answer: ({ caller, parameters }) => {
        const workspace = readable(account, caller, parameters["workspace"] ?? "");
        return one(show({ workspace, version: required(currentOf(workspace.versions)) }));
      },
    },
    "GET /api/v2/state-versions/{version}": { answer: (call) => one(show(readableOf(call))) },
    "GET /api/v2/state-versions/{version}/download": {
      answer: (call) => ({
        status: 200,
        bytes: readFileSync(required(readableOf(call).version.file)),
      }),
    },
    "PUT /_archivist/v1/state/{secret}": {
      signed: true,
      answer: ({ parameters, body }) => {
        const { workspace, version } = find(({ secret }) => secret === parameters["secret"]);
        keep(account.folder, workspace, version, body);
        return { status: 200 };
      },
    },
    // The form for the web interface, without which Terraform doesn't consider a state stored.
    "PUT /_archivist/v1/json-state/{secret}": {
      signed: true,
      answer: ({ parameters, json }) => {
        find(({ secret }) => secret === parameters["secret"]);
        if (json === undefined) {
          throw invalid("The body must be JSON.");
        }
        return { status: 200 };
      },
    },
  };
}

/** Source: HCP Terraform API, "Create a State Version": the workspace must be locked by whoever does it. */
function mustHold({ lock }: Workspace, caller: Caller): void {
  if (lock === undefined || !isSame(lock.by, caller)) {
    throw conflict("The workspace must be locked by you to create a state version");
  }
}

function mustFollow({ versions }: Workspace, next: { serial: number; lineage?: string | undefined }): void {
  const current = currentOf(versions);
  if (current !== undefined && current.lineage !== next.lineage) {
    throw conflict(
      `The lineage ${next.lineage ?? ""} isn't the one of the current state, ${current.lineage ?? ""}`,
    );
  }
  if (current !== undefined && next.serial <= current.serial) {
    throw conflict(
      `The serial ${next.serial} isn't greater than the one of the current state, ${current.serial}`,
    );
  }
}

function keep(folder: string, { name, lock }: Workspace, version: StateVersion, body: Buffer): void {
  if (version.file !== undefined || lock === undefined) {
    throw conflict("The state version doesn't await an upload");
  }
  if (createHash("md5").update(body).digest("hex") !== version.md5) {
    throw invalid("The MD5 of the state isn't the one that was announced");
  }
  const { serial, lineage, resources, outputs } = parseState(body.toString("utf8"));
  if (serial !== version.serial || lineage !== version.lineage) {
    throw invalid("The serial and the lineage of the state aren't those that were announced");
  }
  const place = join(folder, name);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  version.file = join(place, `${String(serial).padStart(6, "0")}-${version.id}.tfstate`);
  writeFileSync(version.file, body, { mode: 0o600 });
  version.resources = resources;
  version.outputs = outputs;
}

function showVersion(origin: string, workspace: Workspace, version: StateVersion): Resource {
  const isThere = version.file !== undefined;
  return {
    id: version.id,
    type: "state-versions",
    attributes: {
      "created-at": version.createdAt,
      serial: version.serial,
      status: isThere ? "finalized" : "pending",
      "resources-processed": isThere,
      "hosted-state-download-url": isThere ? `${origin}/api/v2/state-versions/${version.id}/download` : null,
      "hosted-state-upload-url": isThere ? null : `${origin}/_archivist/v1/state/${version.secret}`,
      "hosted-json-state-upload-url": isThere ? null : `${origin}/_archivist/v1/json-state/${version.secret}`,
    },
    relationships: {
      workspace: toOne("workspaces", workspace.id),
      outputs: { data: [...version.outputs.keys()].map((id) => ({ id, type: "state-version-outputs" })) },
    },
  };
}
