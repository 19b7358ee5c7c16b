import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { spawn, type ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { join } from "node:path";
import { digitaloceanProvider, type DigitalOceanConnection } from "./digitalocean/provider";
import { createHandlers, failed, type Handlers, type Request } from "./handlers";
import { nullProvider } from "./null";
import { readSchemas } from "./schema";

/** Providers that have stand-ins. */
export type StandIn = "digitalocean" | "null";

/** Options of {@link serveProviders}. */
export interface ProvidersOptions {
  readonly which: readonly StandIn[];
  /** The API that the digitalocean provider calls: everything that the provider creates exists only there. */
  readonly digitalocean: DigitalOceanConnection;
}

/** Running stand-in providers. */
export interface Providers {
  /** Value of the environment variable `TF_REATTACH_PROVIDERS`; `{}` without any provider. */
  readonly reattach: string;
  close(): Promise<void>;
}

/**
 * Serves stand-in providers in this process, each on its own loopback port, for an unmodified Terraform.
 * Source: HashiCorp, "Debugging Providers", TF_REATTACH_PROVIDERS.
 */
export async function serveProviders({ which, digitalocean }: ProvidersOptions): Promise<Providers> {
  const all = { digitalocean: () => digitaloceanProvider(digitalocean), null: nullProvider };
  const schemas = readSchemas();
  const guard = startGuard();
  const servers: Server[] = [];
  const entries: Record<string, object> = {};
  for (const name of which) {
    const provider = all[name]();
    const published = schemas[provider.address];
    if (published === undefined) {
      throw new Error(`provider-schemas.json has no ${provider.address}`);
    }
    const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    server.addService(providerService(), implementation(createHandlers(provider, published)));
    servers.push(server);
    entries[provider.address] = {
      Protocol: "grpc",
      ProtocolVersion: 6,
      Pid: guard.pid,
      Test: true,
      Addr: { Network: "tcp", String: `127.0.0.1:${await bind(server)}` },
    };
  }
  return {
    reattach: JSON.stringify(entries),
    close: async () => {
      servers.forEach((server) => server.forceShutdown());
      const ended = new Promise((resolve) => guard.once("exit", resolve));
      guard.ref();
      guard.kill();
      await ended;
    },
  };
}

/**
 * Terraform before 1.12 kills the process that it is given when nobody listens any more, and every version cancels its
 * calls when that process is gone. So it gets a child that only lives as long as this process.
 */
function startGuard(): ChildProcess {
  const guard = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  guard.unref();
  if (guard.stdin instanceof Socket) {
    guard.stdin.unref();
  }
  return guard;
}

function implementation(handlers: Handlers): Record<string, (...call: UnaryCall) => void> {
  return Object.fromEntries(
    Object.entries(handlers).map(([method, handle]) => [
      method,
      ({ request }: UnaryCall[0], reply: UnaryCall[1]) => {
        const answer = new Promise<object>((resolve) => resolve(handle(request)));
        answer.catch(failed).then(
          (message) => reply(null, message),
          (error: unknown) => reply(error instanceof Error ? error : new Error(String(error))),
        );
      },
    ]),
  );
}

type UnaryCall = [ServerUnaryCall<Request, object>, sendUnaryData<object>];

function providerService(): ServiceDefinition {
  const definition = loadPackageDefinition(
    loadSync(join(__dirname, "..", "schemas", "tfplugin6.proto"), {
      keepCase: true,
      longs: String,
      enums: String,
      oneofs: true,
    }),
  );
  const { tfplugin6 } = definition;
  const service = tfplugin6 && "Provider" in tfplugin6 ? tfplugin6.Provider : undefined;
  if (typeof service !== "function" || !("service" in service)) {
    throw new Error("tfplugin6.proto has no service Provider");
  }
  return service.service;
}

function bind(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) {
        resolve(port);
      } else {
        reject(error);
      }
    }),
  );
}
