import { afterEach, expect, jest, test } from "@jest/globals";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "../../local-cloud/providers/relay/plugin";
import { Pool } from "../../local-cloud/providers/relay/pool";
import { eventually } from "../support/jest/eventually";
import { call, plugin, relayStage, runs, shutDown, type Started } from "./provider-relay-stage";

const stage = relayStage();
const prepare = "/tfplugin5.Provider/PrepareProviderConfig";

/** The processes that were started. */
const providers = () =>
  stage
    .noted()
    .filter(({ what }) => what === "starts")
    .map(({ pid }) => pid);

/** Uses a provider for one call, as a walk of Terraform does. */
async function walk(variables: Readonly<Record<string, string>> = {}, folder?: string): Promise<string> {
  const started = await stage.start(variables, folder);
  await call(started.session, "/test/Echo");
  expect(await shutDown(started)).toEqual([0, null]);
  return started.log;
}

let taken: Plugin[] = [];

afterEach(() => {
  jest.useRealTimers();
  taken.forEach(({ process: provider }) => provider.kill("SIGKILL"));
  taken = [];
});

/** A start for a pool in this process. */
const startOf = () => ({
  key: "the same",
  executable: plugin,
  schemaFile: "",
  folder: stage.directory,
  variables: { PATH: String(process.env["PATH"]), PLUGIN_CALLS: String(process.env["PLUGIN_CALLS"]) },
});

async function take(pool: Pool): Promise<Plugin> {
  const provider = await pool.take(startOf());
  taken.push(provider);
  return provider;
}

/** Waits for a provider's end. */
const end = (pid = 0) =>
  eventually(`provider ${pid} has ended`, () => Promise.resolve(runs(pid) ? undefined : true));

test("walks in one folder with the same variables use one provider, and each has its own log", async () => {
  await stage.relay();
  expect(await walk({ npm_command: "run", SHLVL: "1" })).toBe("/test/Echo in the log\n");
  expect(await walk({ npm_command: "exec", SHLVL: "2" })).toBe("/test/Echo in the log\n");
  expect(providers()).toHaveLength(1);
});

test("another folder or another variable has a provider of its own", async () => {
  await stage.relay();
  await walk();
  await walk({ AWS_PROFILE: "other" });
  const other = join(stage.directory, "other");
  mkdirSync(other);
  await walk({}, other);
  expect(new Set(providers()).size).toBe(3);
});

test("Ctrl-C, which reaches all processes of a terminal, leaves what to end to Terraform", async () => {
  await stage.relay();
  const started = await stage.start();
  started.child.kill("SIGINT");
  expect((await call(started.session, "/test/Echo")).own).toBe("yes");
  expect(await shutDown(started)).toEqual([0, null]);
});

test("two walks at once have a provider each", async () => {
  await stage.relay();
  const both = [await stage.start(), await stage.start()];
  await Promise.all(both.map(({ session }) => call(session, "/test/Echo")));
  await Promise.all(both.map(shutDown));
  expect(providers()).toHaveLength(2);
});

test.each<[string, (started: Started) => Promise<unknown>]>([
  [
    "that Terraform told to stop",
    async (started) => {
      await call(started.session, "/tfplugin5.Provider/Stop");
      await shutDown(started);
    },
  ],
  [
    "that has a call left",
    async (started) => {
      void call(started.session, "/test/Wait").catch(() => undefined);
      await call(started.session, "/test/Echo");
      await shutDown(started);
    },
  ],
  [
    "whose Terraform has gone without a word",
    async ({ child, session }) => {
      const ended = once(child, "exit");
      session.destroy();
      expect(await ended).toEqual([0, null]);
    },
  ],
  [
    "that Terraform has killed",
    async ({ child }) => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  ],
])("a provider %s is ended, not used again", async (_, leave) => {
  await stage.relay();
  const started = await stage.start();
  await call(started.session, "/test/Echo");
  const [first] = providers();
  expect(runs(first ?? 0)).toBe(true);
  await leave(started);
  await end(first);
  await walk();
  expect(providers()).toHaveLength(2);
});

test("a provider that crashes takes its walk with it, and its last words are in the log", async () => {
  await stage.relay();
  const { session, child, log } = await stage.start();
  const ended = once(child, "exit");
  await call(session, "/test/Die").catch(() => undefined);
  expect(await ended).toEqual([0, null]);
  expect(await log).toBe("/test/Die in the log\n");
  await walk();
  expect(providers()).toHaveLength(2);
});

test("a provider that crashes while it is kept isn't used again", async () => {
  await stage.relay();
  await walk();
  process.kill(providers()[0] ?? 0, "SIGKILL");
  await end(providers()[0]);
  await walk();
  expect(providers()).toHaveLength(2);
});

test("settings that the provider has accepted aren't checked again, and others are", async () => {
  await stage.relay();
  const question = (content: string) => Buffer.concat([Buffer.alloc(5), Buffer.from(content)]);
  const ask = async (content: string, variables: Readonly<Record<string, string>> = {}) => {
    const started = await stage.start(variables);
    const { answer, status } = await call(started.session, prepare, question(content));
    await shutDown(started);
    return { status, same: answer.equals(question(content)) };
  };
  const accepted = { status: "0", same: true };
  expect(await ask("one")).toEqual(accepted);
  expect(await ask("one")).toEqual(accepted);
  expect(await ask("two")).toEqual(accepted);
  expect(await ask("one", { AWS_REGION: "eu-west-1" })).toEqual(accepted);
  expect(await ask("", { PLUGIN_REFUSES: "yes" })).toEqual({ status: "3", same: false });
  expect(await ask("", { PLUGIN_REFUSES: "yes" })).toEqual({ status: "3", same: false });
  expect(stage.noted().filter(({ what }) => what === prepare)).toHaveLength(5);
});

test("a provider that no Terraform needs for a minute is ended", async () => {
  const pool = new Pool();
  const provider = await take(pool);
  const ended = once(provider.process, "exit");
  jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask"] });
  pool.give(startOf(), provider);
  jest.advanceTimersByTime(59_999);
  expect(provider.process.killed).toBe(false);
  jest.advanceTimersByTime(1);
  expect(await ended).toEqual([null, "SIGKILL"]);
});

test.each<[string, (pool: Pool, provider: Plugin) => unknown]>([
  [
    "that has ended at work",
    async (pool, provider) => {
      const ended = once(provider.process, "exit");
      provider.process.kill("SIGKILL");
      await ended;
      pool.give(startOf(), provider);
    },
  ],
  [
    "that is killed at the moment of the loan",
    (pool, provider) => {
      pool.give(startOf(), provider);
      process.kill(provider.process.pid ?? 0, "SIGKILL");
    },
  ],
  [
    "whose connection has failed at work",
    (pool, provider) => {
      provider.session.destroy();
      pool.give(startOf(), provider);
    },
  ],
  [
    "whose connection has failed while it was kept",
    async (pool, provider) => {
      pool.give(startOf(), provider);
      const closed = once(provider.session, "close");
      provider.session.destroy();
      await closed;
    },
  ],
])("a provider %s is ended, and another one is lent", async (_, fail) => {
  const pool = new Pool();
  const provider = await take(pool);
  await fail(pool, provider);
  const other = await take(pool);
  expect((await call(other.session, "/test/Echo")).own).toBe("yes");
  expect(other.process.pid).not.toBe(provider.process.pid);
  await end(provider.process.pid);
});

test("a provider's socket goes with it", async () => {
  const pool = new Pool();
  const provider = await take(pool);
  const sockets = () => readdirSync(stage.directory).filter((file) => file.startsWith("plugin-"));
  expect(sockets()).toEqual([`plugin-${String(provider.process.pid)}`]);
  const ended = once(provider.process, "exit");
  provider.process.kill("SIGKILL");
  await ended;
  expect(sockets()).toEqual([]);
});

test("a provider that is lent again and again gathers no listeners", async () => {
  const pool = new Pool();
  const provider = await take(pool);
  const listeners = provider.process.listenerCount("exit");
  for (let time = 0; time < 3; time += 1) {
    pool.give(startOf(), provider);
    expect(await take(pool)).toBe(provider);
  }
  expect(provider.process.listenerCount("exit")).toBe(listeners);
});
