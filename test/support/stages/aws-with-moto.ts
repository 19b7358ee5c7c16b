import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import { join } from "node:path";
import { startMoto, type Moto } from "../../../local-cloud/aws/moto/moto";
import { loadApis } from "../../../local-cloud/aws/protocol/api";
import { createAwsHandler } from "../../../local-cloud/aws/protocol/gateway";
import { serveOnLoopback, type LoopbackServer } from "../../../local-cloud/http-server";
import { ensurePython, type Python } from "../../../local-cloud/python/environment";
import { createWorld, type World } from "../../../local-cloud/world";

/** The local cloud's AWS with what moto serves. */
export interface AwsWithMoto {
  readonly url: string;
  /** The AWS CLI. */
  readonly cli: string;
  readonly world: World;
  /** Requests that it denies from now on, by method and path; none when undefined. */
  denied: RegExp | undefined;
  /** Requests since the test began, such as `PUT /bucket?policy`. */
  readonly asked: string[];
}

/** Starts it for the tests of a file; it is empty before each. Every caller is of this account. */
export function useAws(account: string): () => AwsWithMoto {
  let moto: Moto;
  let server: LoopbackServer;
  let aws: AwsWithMoto;

  beforeAll(async () => {
    const python: Python = await ensurePython(join(__dirname, "../../../.local-cloud"));
    const [started, apis] = await Promise.all([startMoto(python, "/dev/null"), loadApis(python)]);
    moto = started;
    const world = createWorld(account);
    const handler = createAwsHandler(world, { apis, motoPort: moto.port });
    server = await serveOnLoopback((request, response) => {
      const [path, query = ""] = (request.url ?? "").split("?");
      const kind =
        query
          .split("&")
          .find((part) => !part.startsWith("x-id="))
          ?.replace(/=$/, "") ?? "";
      aws.asked.push(`${request.method ?? ""} ${path ?? ""}${kind === "" ? "" : `?${kind}`}`);
      if (aws.denied?.test(`${request.method ?? ""} ${request.url ?? ""}`) === true) {
        request.resume();
        response.writeHead(403, { "content-type": "application/xml" });
        response.end("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
      } else {
        handler(request, response);
      }
    });
    aws = { url: server.url, cli: python.aws, world, denied: undefined, asked: [] };
  }, 660_000);

  beforeEach(async () => {
    aws.denied = undefined;
    aws.asked.length = 0;
    await fetch(`http://127.0.0.1:${moto.port}/moto-api/reset`, { method: "POST" });
  });

  afterAll(async () => {
    await server.close();
    await moto.close();
  });

  return () => aws;
}
