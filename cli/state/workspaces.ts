import { digitalOceanToken } from "../checks/digitalocean/api";
import { Unexpected, type ApiObject, type TerraformCloud } from "../checks/terraform-cloud/api";
import {
  callsDigitalOcean,
  dynamicCredentials,
  lackingVariables,
  tokenName,
} from "../checks/terraform-cloud/run-variables";
import { findProject, noOrganisation, ownerOf, poolOf, type Cloud } from "../checks/workspaces";
import { namesOf } from "../../config/names";
import type { LoadedEnvironment } from "../../config/load";
import type { Stack } from "../terraform/stacks";
import type { Tell } from "./outcome";

/** The stacks and settings to create workspaces for. */
export interface Arrangement {
  readonly environment: LoadedEnvironment;
  readonly cloud: Cloud;
  readonly stacks: readonly Pick<Stack, "id" | "reads">[];
  /** The caller's environment. */
  readonly variables: NodeJS.ProcessEnv;
  /** Of new workspaces; the host's newest when left out. */
  readonly terraformVersion: string | undefined;
  readonly api: TerraformCloud;
}

/** A stack's workspace. */
interface Workspace {
  readonly name: string;
  readonly stack: Arrangement["stacks"][number];
  readonly object: ApiObject;
}

/**
 * Gives each stack its workspace as the environment wants it, and changes nothing that is right already.
 *
 * @returns the changes, one line each.
 * @throws {Unexpected} with what can't be done, and the remedy; at the end with what the caller has to add.
 */
export async function arrangeWorkspaces(arrangement: Arrangement, tell: Tell): Promise<readonly string[]> {
  const { environment, cloud, stacks, api } = arrangement;
  const { file } = environment;
  const changes: string[] = [];
  const changed: Tell = (change) => {
    changes.push(change);
    tell(change);
  };
  if ((await api.read(ownerOf(cloud))) === undefined) {
    throw new Unexpected(noOrganisation(cloud, file));
  }
  const pool = await poolOf(cloud, file, api);
  const project = await ensureProject(cloud, api, changed);
  const workspaces: Workspace[] = [];
  for (const stack of stacks) {
    workspaces.push(await ensureWorkspace(stack, { pool, project }, arrangement, changed));
  }
  if (cloud.execution !== "local") {
    for (const producer of workspaces) {
      const readers = workspaces.filter(({ stack }) => stack.reads.includes(producer.stack.id));
      await share(producer, readers, api, changed);
    }
    const lacking: string[] = [];
    for (const workspace of workspaces) {
      lacking.push(...(await ensureVariables(workspace, arrangement, changed)));
    }
    if (lacking.length > 0) {
      throw new Unexpected(lacking.join("\n"));
    }
  }
  return changes;
}

/** Id of the project; undefined when the config names none. */
async function ensureProject(cloud: Cloud, api: TerraformCloud, changed: Tell): Promise<string | undefined> {
  const { project: name } = cloud;
  if (name === undefined) {
    return undefined;
  }
  const owner = ownerOf(cloud);
  const found = await findProject(owner, name, api);
  if (found !== undefined) {
    return found.id;
  }
  const created = await api.write("POST", `${owner}/projects`, { type: "projects", attributes: { name } });
  changed(`created the project ${name}`);
  return created?.id;
}

async function ensureWorkspace(
  stack: Workspace["stack"],
  { pool, project }: { readonly pool: string | undefined; readonly project: string | undefined },
  { environment, cloud, terraformVersion, api }: Arrangement,
  changed: Tell,
): Promise<Workspace> {
  const name = namesOf(environment.config).state(stack.id);
  const owner = ownerOf(cloud);
  const mode = {
    "execution-mode": cloud.execution,
    ...(pool !== undefined && { "agent-pool-id": pool }),
    // Otherwise the defaults of the project or the organisation would override them.
    "setting-overwrites": { "execution-mode": true, "agent-pool": pool !== undefined },
  };
  const where = project !== undefined && {
    relationships: { project: { data: { type: "projects", id: project } } },
  };
  const described = `execution mode ${cloud.execution}${pool === undefined ? "" : ` in the pool ${cloud.agentPool ?? ""}`}`;
  const found = await api.read(`${owner}/workspaces/${name}`);
  if (found === undefined) {
    const version = terraformVersion !== undefined && { "terraform-version": terraformVersion };
    const attributes = { name, ...mode, ...version };
    const created = await api.write("POST", `${owner}/workspaces`, {
      type: "workspaces",
      attributes,
      ...where,
    });
    if (created === undefined) {
      throw new Unexpected(`${api.host} created the workspace ${name}, but didn't return it`);
    }
    changed(`created the workspace ${name}: ${described}`);
    return { name, stack, object: created };
  }
  const { "agent-pool": hasPool, project: hasProject } = found.relationships ?? {};
  // One that runs elsewhere may still name the pool that it had.
  const inPool = pool === undefined || hasPool?.data?.id === pool;
  if (found.attributes["execution-mode"] !== cloud.execution || !inPool) {
    await api.write("PATCH", `workspaces/${found.id}`, { type: "workspaces", attributes: mode });
    changed(`${name}: ${described}`);
  }
  if (where !== false && hasProject?.data?.id !== project) {
    await api.write("PATCH", `workspaces/${found.id}`, { type: "workspaces", ...where });
    changed(`${name}: moved to the project ${cloud.project ?? ""}`);
  }
  return { name, stack, object: found };
}

/**
 * Lets the runs of these workspaces, and nobody else's, read a state: it may hold codes with which machines register.
 */
async function share(
  { name, object }: Workspace,
  readers: readonly Workspace[],
  api: TerraformCloud,
  changed: Tell,
): Promise<void> {
  const { id } = object;
  const path = `workspaces/${id}/relationships/remote-state-consumers`;
  const isGlobal = object.attributes["global-remote-state"] === true;
  const present = ((await api.list(path)) ?? []).map((consumer) => consumer.id).sort();
  const wanted = readers.map((reader) => reader.object.id).sort();
  if (!isGlobal && present.join() === wanted.join()) {
    return;
  }
  if (isGlobal) {
    const attributes = { "global-remote-state": false };
    await api.write("PATCH", `workspaces/${id}`, { type: "workspaces", attributes });
  }
  await api.write(
    "PATCH",
    path,
    wanted.map((consumer) => ({ type: "workspaces", id: consumer })),
  );
  const names = readers.map((reader) => reader.name).join(", ");
  changed(
    `${name}: its state can be read ${names === "" ? "by no other workspace" : `only by runs of ${names}`}`,
  );
}

/** Gives runs their variables. @returns the variables that they still lack, one line each. */
async function ensureVariables(
  { name, stack, object: { id } }: Workspace,
  { environment, cloud, variables, api }: Arrangement,
  changed: Tell,
): Promise<readonly string[]> {
  const path = `workspaces/${id}/vars`;
  const all = (await api.list(`workspaces/${id}/all-vars`)) ?? [];
  const own = (await api.list(path)) ?? [];
  const isNamed =
    (key: string) =>
    ({ attributes }: ApiObject) =>
      attributes.key === key && attributes.category === "env";
  const present = [...all];
  const set = async (key: string, value: string, sensitive: boolean) => {
    const attributes = { key, value, category: "env", hcl: false, sensitive };
    const existing = own.find(isNamed(key));
    await (existing === undefined
      ? api.write("POST", path, { type: "vars", attributes })
      : api.write("PATCH", `${path}/${existing.id}`, { type: "vars", id: existing.id, attributes }));
    present.push({ id: key, attributes });
    changed(`${name}: variable ${key}`);
  };
  const token = digitalOceanToken(variables)?.token;
  // A sensitive one can't be read: the present one stays, whoever has set it.
  if (callsDigitalOcean(stack, environment.config) && token !== undefined && !all.some(isNamed(tokenName))) {
    await set(tokenName, token, true);
  }
  if (cloud.runRoleArn !== undefined) {
    const wanted = { [dynamicCredentials.auth]: "true", [dynamicCredentials.role]: cloud.runRoleArn };
    for (const [key, value] of Object.entries(wanted)) {
      const { sensitive = false, value: present } = all.find(isNamed(key))?.attributes ?? {};
      if (!sensitive && present !== value) {
        await set(key, value, false);
      }
    }
  }
  return lackingVariables({ name, stack }, present, environment);
}
