import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCertificateAuthority } from "../../../local-cloud/digitalocean/balancing/certificate-authority";
import { closeServer, listen, readBody } from "../../../local-cloud/http-server";
import { answer, type Kept } from "./stand-in-workspaces";

/** HCP Terraform as far as workspaces go; strict: a call that it doesn't know is answered with 404, and told. */
export interface StandInTerraformCloud extends Kept {
  /** Name and port. */
  readonly host: string;
  /** Calls that change something, as `POST /path`, in order. */
  readonly writes: string[];
  /** Forgets all that was made and set. */
  reset(): void;
  close(): Promise<void>;
}

/** The only token that it takes. */
export const goodToken = "good.atlasv1.token";

/** Serves it over TLS. @param root file that takes the certificate of its authority */
export async function serveTerraformCloud(root: string): Promise<StandInTerraformCloud> {
  const authority = await createCertificateAuthority();
  writeFileSync(root, authority.root);
  const kept: Kept = {
    workspaces: new Map(),
    defaults: { organization: "remote", projects: new Map() },
    pools: new Map(),
  };
  const writes: string[] = [];
  const server = createServer(await authority.issue(["localhost"]), (request, response) => {
    const { url = "", method = "GET" } = request;
    const send = (status: number, body?: object): void => {
      response
        .writeHead(status, { "content-type": "application/vnd.api+json" })
        .end(body && JSON.stringify(body));
    };
    if (url === "/.well-known/terraform.json") {
      send(200, { "tfe.v2": "/api/v2/" });
      return;
    }
    if (request.headers.authorization !== `Bearer ${goodToken}`) {
      send(401, { errors: [{ status: "401", title: "unauthorized" }] });
      return;
    }
    if (method !== "GET" && request.headers["content-type"] !== "application/vnd.api+json") {
      send(415, { errors: [{ status: "415", title: "unsupported media type" }] });
      return;
    }
    void readBody(request, () => new Error("too large")).then((text) => {
      const { pathname, searchParams } = new URL(url, "https://localhost");
      if (method !== "GET") {
        writes.push(`${method} ${pathname}`);
      }
      const { data } = (text.length === 0 ? {} : JSON.parse(text)) as { readonly data?: never };
      const { status, body } = answer(kept, { method, path: pathname, query: searchParams, data });
      send(status, body);
    });
  });
  await listen(server, { host: "127.0.0.1", port: 0 });
  return {
    ...kept,
    host: `localhost:${(server.address() as AddressInfo).port}`,
    writes,
    reset: () => {
      kept.workspaces.clear();
      kept.pools.clear();
      kept.defaults.projects.clear();
      kept.defaults.organization = "remote";
      writes.length = 0;
    },
    close: () => closeServer(server),
  };
}
