#!/usr/bin/env node
"use strict";

// A provider as Terraform starts it, with a few resource types, and methods that the tests of the relay call. Writes the
// methods that it is called by to PLUGIN_CALLS.

const { Buffer } = require("node:buffer");
const { appendFileSync } = require("node:fs");
const { createServer } = require("node:http2");
const { dirname, join } = require("node:path");
const { Writer } = require("protobufjs/minimal");

const note = (what) => appendFileSync(process.env.PLUGIN_CALLS, `${process.pid} ${what}\n`);
const grpc = { ":status": 200, "content-type": "application/grpc" };

/** A message by its fields, each of bytes. */
function message(...fields) {
  const writer = new Writer();
  for (const [number, content] of fields) {
    writer.uint32((number << 3) | 2).bytes(Buffer.from(content));
  }
  return writer.finish();
}

const entry = (field, type) => [field, message([1, type], [2, `the schema of ${type}`])];

const schema = message(
  [1, "the provider's own"],
  ...["aws_ecs_cluster", "aws_instance", "aws_ssm_activation", "aws_ssmcontacts_plan"].map((type) =>
    entry(2, type),
  ),
  ...["aws_caller_identity", "aws_ami"].map((type) => entry(3, type)),
  [6, "capabilities"],
  entry(7, "arn_parse"),
  ...["aws_ssm_parameter", "aws_lambda_invocation"].map((type) => entry(8, type)),
);

function framed(content) {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(content.length, 1);
  return Buffer.concat([prefix, content]);
}

const server = createServer();
server.on("stream", (stream, headers) => {
  const method = headers[":path"];
  note(method);
  // Its caller may cancel a call at any moment.
  stream.on("error", () => undefined);
  console.error(`${method} in the log`);
  if (method === "/test/Refuse" || process.env.PLUGIN_REFUSES !== undefined) {
    stream.respond({ ...grpc, "grpc-status": "3", "grpc-message": "refused" }, { endStream: true });
    return;
  }
  if (method === "/test/Die") {
    process.exit(7);
  }
  if (method === "/test/Wait") {
    return;
  }
  const parts = [];
  stream.on("data", (part) => parts.push(part));
  stream.on("end", () => {
    if (stream.destroyed) {
      return;
    }
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "from-plugin": "yes" }));
    stream.respond(grpc, { waitForTrailers: true });
    stream.end(method.endsWith("/GetSchema") ? framed(schema) : Buffer.concat(parts));
  });
  if (method.endsWith("/Shutdown")) {
    stream.on("close", () => process.exit());
  }
});
const socket = join(dirname(process.env.PLUGIN_CALLS), `plugin-${process.pid}`);
note("starts");
server.listen(socket, () => {
  const version = process.env.PLUGIN_SPEAKS ?? process.env.PLUGIN_PROTOCOL_VERSIONS;
  console.log(`1|${version}|unix|${socket}|grpc|${process.env.PLUGIN_CLIENT_CERT ?? ""}`);
});
