import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeAll, beforeEach } from "@jest/globals";
import { type Api, loadApis } from "../../local-cloud/aws/protocol/api";
import { serveAws } from "../../local-cloud/aws/protocol/gateway";
import type { LoopbackServer } from "../../local-cloud/http-server";
import { ensurePython, type Python } from "../../local-cloud/python/environment";
import { createWorld, type World } from "../../local-cloud/world";

/** The caller and the purpose of a request. */
export interface Scope {
  readonly service?: string;
  readonly region?: string;
  readonly accessKeyId?: string;
}

/** An answer of the gateway. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** A gateway of its own for each test, in front of a server that takes down what moto would get. */
export interface GatewayStage {
  readonly python: Python;
  readonly apis: readonly Api[];
  readonly world: World;
  readonly url: string;
  readonly passedOn: readonly IncomingMessage[];
  /** Of what was passed on. */
  readonly bodies: readonly string[];
}

/** Sets a stage for each test of a file. */
export function useGateway(): () => GatewayStage {
  let python: Python;
  let apis: readonly Api[];
  let world: World;
  let gateway: LoopbackServer;
  let moto: ReturnType<typeof createServer>;
  let passedOn: IncomingMessage[];
  let bodies: string[];

  beforeAll(async () => {
    python = await ensurePython(join(__dirname, "../../.local-cloud"));
    apis = await loadApis(python);
  }, 600_000);

  beforeEach(async () => {
    world = createWorld("123456789012");
    passedOn = [];
    bodies = [];
    moto = createServer((request, response) => {
      passedOn.push(request);
      void text(request).then((body) => {
        bodies.push(body);
        response.end("from moto");
      });
    });
    await new Promise<void>((resolve) => moto.listen(0, "127.0.0.1", resolve));
    const address = moto.address();
    const motoPort = typeof address === "object" && address !== null ? address.port : 0;
    gateway = await serveAws(world, { apis, motoPort });
  });

  afterEach(async () => {
    await gateway.close();
    moto.closeAllConnections();
    await new Promise((resolve) => moto.close(resolve));
  });

  return () => ({ python, apis, world, url: gateway.url, passedOn, bodies });
}

/** The header of a request that is signed, as far as the gateway looks. */
export function authorization({
  service = "ssm",
  region = "eu-west-1",
  accessKeyId = "test",
}: Scope): string {
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/${region}/${service}/aws4_request, Signature=x`;
}

/** Callers of operations of Systems Manager and of ECS. */
export function callersOf(stage: () => GatewayStage) {
  const call = async (target: string, input: object, scope: Scope = {}): Promise<Answer> => {
    const response = await fetch(stage().url, {
      method: "POST",
      headers: { "x-amz-target": target, authorization: authorization(scope), "user-agent": "tester/1 more" },
      body: JSON.stringify(input),
    });
    return { status: response.status, body: (await response.json()) as object };
  };
  return {
    ssm: (operation: string, input: object, scope?: Scope) => call(`AmazonSSM.${operation}`, input, scope),
    ecs: (operation: string, input: object, scope?: Scope) =>
      call(`AmazonEC2ContainerServiceV20141113.${operation}`, input, { service: "ecs", ...scope }),
  };
}
