import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCertificateAuthority } from "../../../local-cloud/digitalocean/balancing/certificate-authority";
import { closeServer, listen } from "../../../local-cloud/http-server";

/** HCP Terraform as far as execution modes go. */
export interface StandInTerraformCloud {
  /** Name and port. */
  readonly host: string;
  /** Execution mode of each workspace, by name; a test changes them. */
  readonly workspaces: Map<string, string>;
  /** What new workspaces get: of the organisation, and of projects that say it themselves. */
  readonly defaults: { organization: string | undefined; readonly projects: Map<string, string> };
  close(): Promise<void>;
}

/** Its only organisation, and the only token that it takes. */
export const organization = "example";
export const goodToken = "good.atlasv1.token";

/** Serves it over TLS. @param root file that takes the certificate of its authority */
export async function serveTerraformCloud(root: string): Promise<StandInTerraformCloud> {
  const authority = await createCertificateAuthority();
  writeFileSync(root, authority.root);
  const workspaces: StandInTerraformCloud["workspaces"] = new Map();
  const defaults: StandInTerraformCloud["defaults"] = { organization: "remote", projects: new Map() };
  const server = createServer(await authority.issue(["localhost"]), (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "https://localhost");
    const send = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/vnd.api+json" }).end(JSON.stringify(body));
    };
    if (pathname === "/.well-known/terraform.json") {
      send(200, { "tfe.v2": "/api/v2/" });
    } else if (request.headers.authorization !== `Bearer ${goodToken}`) {
      send(401, { errors: [{ status: "401", title: "unauthorized" }] });
    } else {
      const found = find(pathname, searchParams.get("filter[names]"), workspaces, defaults);
      send(found === undefined ? 404 : 200, { data: found });
    }
  });
  await listen(server, { host: "127.0.0.1", port: 0 });
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    workspaces,
    defaults,
    close: () => closeServer(server),
  };
}

function find(
  path: string,
  name: string | null,
  workspaces: StandInTerraformCloud["workspaces"],
  defaults: StandInTerraformCloud["defaults"],
): object | undefined {
  const own = `/api/v2/organizations/${organization}`;
  const project = (id: string) => ({
    id: `prj-${id}`,
    attributes: { "default-execution-mode": defaults.projects.get(id) },
  });
  if (path === own) {
    return {
      id: organization,
      attributes: { "default-execution-mode": defaults.organization },
      relationships: { "default-project": { data: { id: "prj-default" } } },
    };
  }
  if (path === `${own}/projects`) {
    return [project(name ?? "")];
  }
  if (path === "/api/v2/projects/prj-default") {
    return project("default");
  }
  const mode = workspaces.get(path.replace(`${own}/workspaces/`, ""));
  return mode === undefined ? undefined : { id: "ws-1", attributes: { "execution-mode": mode } };
}
