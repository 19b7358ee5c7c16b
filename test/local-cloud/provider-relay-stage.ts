import { afterEach, beforeEach, expect } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { buffer, text } from "node:stream/consumers";
import { placeRelay } from "../../local-cloud/providers/relay/place";
import { startRelay, type Relay } from "../../local-cloud/providers/relay/start";

const place = "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64";
export const name = "terraform-provider-aws_v5.100.0_x5";
export const plugin = resolve("test/support/programs/provider-plugin.js");

/** A start of the provider, as Terraform makes it. */
export interface Started {
  readonly child: ChildProcess;
  readonly session: ClientHttp2Session;
  /** The provider's log, once it is over. */
  readonly log: Promise<string>;
}

/** A mirror with a relay to a provider that notes its starts and calls, made anew for each test. */
export interface RelayStage {
  /** Folder of the test. */
  readonly directory: string;
  /** Places the relay of a local cloud. @returns the mirror */
  place(cloud?: string): Promise<string>;
  /** Places the relay and starts it. */
  relay(): Promise<Relay>;
  /** Starts the mirror's executable in a folder, and connects to it. */
  start(variables?: Readonly<Record<string, string>>, folder?: string): Promise<Started>;
  /** The provider's starts and the methods that it was called by, with the process that each was in. */
  noted(): readonly { readonly pid: number; readonly what: string }[];
}

/** The stage of each test of a file. */
export function relayStage(): RelayStage {
  let directory = "";
  let mirror = "";
  let relays: Relay[] = [];
  let children: ChildProcess[] = [];
  let sessions: ClientHttp2Session[] = [];
  const calls = () => join(directory, "calls");
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "relay-"));
    mkdirSync(join(directory, "real"));
    symlinkSync(plugin, join(directory, "real", name));
    writeFileSync(calls(), "");
    process.env["PLUGIN_CALLS"] = calls();
    relays = [];
    children = [];
    sessions = [];
  });
  afterEach(async () => {
    children.forEach((child) => child.kill("SIGKILL"));
    sessions.forEach((session) => {
      session.destroy();
    });
    await Promise.all(relays.map((relay) => relay.close()));
    Reflect.deleteProperty(process.env, "PLUGIN_CALLS");
    rmSync(directory, { recursive: true });
  });
  const stage: RelayStage = {
    get directory() {
      return directory;
    },
    place: (cloud = "cloud") =>
      placeRelay({
        mirror: join(directory, cloud, "relay"),
        schemaFile: join(directory, "aws-schema"),
        python: "python3",
        provider: { folder: join(directory, "real"), place },
      }),
    relay: async () => {
      mirror = await stage.place();
      writeFileSync(calls(), "");
      const socket = join(directory, `socket-${relays.length}`);
      const relay = await startRelay({ mirror, socket });
      relays.push(relay);
      return relay;
    },
    start: async (more = {}, folder = directory) => {
      const child = spawn(join(mirror, place, name), {
        cwd: folder,
        env: {
          ...process.env,
          PLUGIN_PROTOCOL_VERSIONS: children.length % 2 === 0 ? "5,6" : "6,5",
          PLUGIN_CLIENT_CERT: `of start ${children.length}`,
          ...relays.at(-1)?.variables,
          ...more,
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      children.push(child);
      const log = text(child.stderr);
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      const [, version, , address, kind, certificate] = line.split("|");
      expect([version, kind, certificate]).toEqual(["5", "grpc", undefined]);
      const session = connect(`http://${String(address)}`);
      session.on("error", () => undefined);
      sessions.push(session);
      return { child, session, log };
    },
    noted: () =>
      readFileSync(calls(), "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => ({ pid: Number.parseInt(line), what: line.replace(/^\d+ /, "") })),
  };
  return stage;
}

/** Calls a method with content that is framed already. */
export async function call(session: ClientHttp2Session, path: string, content = Buffer.alloc(0)) {
  const request = session.request({ ":method": "POST", ":path": path, te: "trailers" });
  let status: IncomingHttpHeaders = {};
  const keep = (headers: IncomingHttpHeaders) => {
    status = { ...status, ...headers };
  };
  request.on("response", keep).on("trailers", keep);
  request.end(content);
  const answer = await buffer(request);
  return {
    answer,
    status: status["grpc-status"],
    message: status["grpc-message"],
    own: status["from-plugin"],
  };
}

/** Lets go of a provider as Terraform does, and waits for its end. @returns its exit code and signal */
export async function shutDown({ child, session }: Started): Promise<unknown[]> {
  const ended = once(child, "exit");
  await call(session, "/plugin.GRPCController/Shutdown", Buffer.alloc(5));
  session.close();
  return ended;
}

/** Whether a process is there. */
export function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
