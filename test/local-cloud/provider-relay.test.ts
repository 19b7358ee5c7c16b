import { expect, test } from "@jest/globals";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { constants } from "node:http2";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Reader } from "protobufjs/minimal";
import { heldTypes } from "../../local-cloud/providers/relay/schema-part";
import { eventually } from "../support/jest/eventually";
import { call, name, plugin, relayStage, runs, shutDown } from "./provider-relay-stage";

const stage = relayStage();

const methods = () => stage.noted().map(({ what }) => what);

/** The fields of a message, and the keys of those that are entries of maps. */
function fieldsOf(message: Buffer): readonly (number | string)[][] {
  const reader = new Reader(message);
  const fields: (number | string)[][] = [];
  while (reader.pos < reader.len) {
    const field = reader.uint32() >>> 3;
    const content = Buffer.from(reader.bytes()).toString();
    fields.push([field, /[a-z]+_[a-z_]+/.exec(content)?.[0] ?? content]);
  }
  return fields;
}

test("Terraform is told of the types that the local cloud can hold, without the provider being started", async () => {
  await stage.relay();
  const started = await stage.start();
  const { answer, status } = await call(started.session, "/tfplugin5.Provider/GetSchema", Buffer.alloc(5));
  expect(status).toBe("0");
  expect(answer.readUInt32BE(1)).toBe(answer.length - 5);
  expect(fieldsOf(answer.subarray(5))).toEqual([
    [1, "the provider's own"],
    [2, "aws_ecs_cluster"],
    [2, "aws_ssm_activation"],
    [3, "aws_caller_identity"],
    [6, "capabilities"],
    [7, "arn_parse"],
    [8, "aws_ssm_parameter"],
  ]);
  expect(await shutDown(started)).toEqual([0, null]);
  expect(methods()).toEqual([]);
});

test("every other call reaches the provider, which is started once, and its answer reaches Terraform", async () => {
  await stage.relay();
  const started = await stage.start();
  const { session } = started;
  const content = Buffer.alloc(300_000, "text");
  const [echoed, refused] = await Promise.all([
    call(session, "/test/Echo", content),
    call(session, "/test/Refuse"),
  ]);
  expect(echoed.answer.equals(content)).toBe(true);
  expect(echoed).toMatchObject({ status: "0", own: "yes" });
  expect(refused).toMatchObject({ status: "3", message: "refused" });
  expect((await call(session, "/plugin.GRPCStdio/StreamStdio")).status).toBe("12");
  expect(await shutDown(started)).toEqual([0, null]);
  expect(methods().sort()).toEqual(["/test/Echo", "/test/Refuse", "starts"]);
});

test("a call that Terraform cancels before the provider has started doesn't reach it", async () => {
  await stage.relay();
  const started = await stage.start();
  const cancelled = started.session.request({ ":method": "POST", ":path": "/test/Wait" });
  await once(cancelled, "ready");
  cancelled.close(constants.NGHTTP2_CANCEL);
  expect((await call(started.session, "/test/Echo")).own).toBe("yes");
  expect(await shutDown(started)).toEqual([0, null]);
  expect(methods()).toEqual(["starts", "/test/Echo"]);
});

test("a call after Terraform's goodbye reaches no provider", async () => {
  await stage.relay();
  const { session, child } = await stage.start();
  const ended = once(child, "exit");
  await call(session, "/plugin.GRPCController/Shutdown", Buffer.alloc(5));
  await call(session, "/test/Echo").catch(() => undefined);
  expect(await ended).toEqual([0, null]);
  await call((await stage.start()).session, "/test/Echo");
  expect(methods()).toEqual(["starts", "/test/Echo"]);
});

test("calls that Terraform cancels, at whichever moment, leave the others as they are", async () => {
  await stage.relay();
  const { session } = await stage.start();
  for (const path of ["/test/Echo", "/tfplugin5.Provider/PrepareProviderConfig"]) {
    for (let round = 0; round < 40; round += 1) {
      const calls = Array.from({ length: 10 }, () => session.request({ ":method": "POST", ":path": path }));
      calls.forEach((each) => each.on("error", () => undefined).end(Buffer.alloc(1000)));
      await sleep(round % 7);
      calls.forEach((each) => {
        each.close(constants.NGHTTP2_CANCEL);
      });
      await sleep(2);
    }
  }
  expect((await call(session, "/test/Echo")).own).toBe("yes");
});

test("a local cloud replaces its mirror, and local clouds share the schema until the provider is another one", async () => {
  const mirror = await stage.place();
  writeFileSync(join(mirror, "of an earlier version"), "");
  await Promise.all([stage.place(), stage.place("another cloud")]);
  expect(readdirSync(mirror).sort()).toEqual(["front.py", "registry.terraform.io", "relay.js", "schema"]);
  expect(methods()).toEqual(["starts", "/tfplugin5.Provider/GetSchema"]);
  rmSync(join(stage.directory, "real", name));
  writeFileSync(join(stage.directory, "real", name), `#!/bin/sh\nexec '${plugin}'\n`, { mode: 0o755 });
  await stage.place();
  await stage.place();
  expect(methods()).toHaveLength(4);
});

test("local clouds that start at once leave a whole schema, and one that isn't whole is made anew", async () => {
  const [one, other] = await Promise.all([stage.place("one"), stage.place("other")]);
  const schema = readFileSync(join(one, "schema"));
  expect(readFileSync(join(other, "schema")).equals(schema)).toBe(true);
  const starts = methods().length;
  await stage.place();
  expect(methods()).toHaveLength(starts);
  truncateSync(join(stage.directory, "aws-schema"), 100);
  expect(readFileSync(join(await stage.place(), "schema")).equals(schema)).toBe(true);
  expect(methods()).toHaveLength(starts + 2);
});

test("a provider that can't be used is named, and nothing is left", async () => {
  const real = join(stage.directory, "real", name);
  const becomes = (script: string) => {
    rmSync(real);
    writeFileSync(real, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };
  becomes(`PLUGIN_REFUSES=yes exec '${plugin}'`);
  await expect(stage.place()).rejects.toThrow(/aws_v5\.100\.0_x5 doesn't give its schema: refused/);
  becomes(`PLUGIN_SPEAKS=6 exec '${plugin}'`);
  await expect(stage.place()).rejects.toThrow(
    /aws_v5\.100\.0_x5 doesn't speak version 5 of Terraform's plugin protocol: 1\|6\|/,
  );
  becomes("exit 3");
  await expect(stage.place()).rejects.toThrow(/aws_v5\.100\.0_x5 ended with exit code 3/);
  expect(readdirSync(stage.directory).filter((file) => /^(aws-schema|cloud)$/.test(file))).toEqual([]);
});

test("a relay's end ends its providers, at work or kept, and what Terraform has started", async () => {
  const relay = await stage.relay();
  const [one, other] = [await stage.start(), await stage.start()];
  await Promise.all([one, other].map(({ session }) => call(session, "/test/Echo")));
  await shutDown(one);
  const providers = stage.noted().filter(({ what }) => what === "starts");
  expect(providers.map(({ pid }) => runs(pid))).toEqual([true, true]);
  const ended = once(other.child, "exit");
  await relay.close();
  await ended;
  await eventually("the providers have ended", () =>
    Promise.resolve(providers.some(({ pid }) => runs(pid)) ? undefined : true),
  );
});

test("a Terraform whose schema has gone fails alone", async () => {
  await stage.relay();
  const [one, other] = [await stage.start(), await stage.start()];
  await call(other.session, "/test/Echo");
  rmSync(join(stage.directory, "cloud/relay/schema"));
  const ended = once(one.child, "exit");
  await call(one.session, "/tfplugin5.Provider/GetSchema", Buffer.alloc(5)).catch(() => undefined);
  expect(await ended).toEqual([0, null]);
  expect(await one.log).toMatch(/^Error: ENOENT: no such file or directory, open '.+schema'\n$/);
  expect((await call(other.session, "/test/Echo")).own).toBe("yes");
  expect(await shutDown(other)).toEqual([0, null]);
});

test("without a relay Terraform has the provider itself", async () => {
  const relay = await stage.relay();
  await relay.close();
  await expect(stage.start()).rejects.toThrow();
  expect(methods()).toEqual(["starts"]);
});

test("Terraform is told of every type that the project uses", () => {
  const used = ["constructs", "stacks"]
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => readFileSync(join(folder, file), "utf8")),
    )
    .flatMap((source) => [...source.matchAll(/@cdktf\/provider-aws\/lib\/(?:data-aws-)?([\w-]+)/g)])
    .map(([, binding = ""]) => `aws_${binding.replaceAll("-", "_")}`)
    .filter((type) => type !== "aws_provider");
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((type) => !heldTypes.some((held) => type.startsWith(`${held}_`)))).toEqual([]);
});
