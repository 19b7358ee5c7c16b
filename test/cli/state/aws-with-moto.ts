import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import { join } from "node:path";
import { startMoto, type Moto } from "../../../local-cloud/aws/moto/moto";
import { loadApis } from "../../../local-cloud/aws/protocol/api";
import { serveAws } from "../../../local-cloud/aws/protocol/gateway";
import type { LoopbackServer } from "../../../local-cloud/http-server";
import { ensurePython } from "../../../local-cloud/python/environment";
import { createWorld } from "../../../local-cloud/world";

/** The local cloud's AWS with what moto serves, empty before each test; every caller is of this account. */
export function useAws(account: string): () => LoopbackServer {
  let moto: Moto;
  let gateway: LoopbackServer;

  beforeAll(async () => {
    const python = await ensurePython(join(__dirname, "../../../.local-cloud"));
    const [started, apis] = await Promise.all([startMoto(python, "/dev/null"), loadApis(python)]);
    moto = started;
    gateway = await serveAws(createWorld(account), { apis, motoPort: moto.port });
  }, 660_000);

  beforeEach(async () => {
    await fetch(`http://127.0.0.1:${moto.port}/moto-api/reset`, { method: "POST" });
  });

  afterAll(async () => {
    await gateway.close();
    await moto.close();
  });

  return () => gateway;
}
