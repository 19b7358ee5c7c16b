import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const mail = "must be an email address such as ops@example.com, its domain in lower case";
const hook =
  "must be a URL such as https://hooks.example.com/alerts, without a user, a password or a fragment";

const problemsWith = (...subscribers: readonly object[]) =>
  problemsOf({ ...oneSite, monitoring: { subscribers } });

test.each([
  ["email", "ops", mail],
  ["email", "ops@example", mail],
  ["email", "Ops <ops@example.com>", mail],
  ["email", "https://hooks.example.com", mail],
  ["https", "http://hooks.example.com", hook],
  ["https", "https://me:secret@hooks.example.com", hook],
  ["https", "https://hooks.example.com/#alerts", hook],
  ["https", "https://hooks.example.com:port/", hook],
  ["https", "ops@example.com", hook],
])("an %s subscriber can't have the endpoint %s", (protocol, endpoint, message) => {
  expect(problemsWith({ protocol, endpoint })).toEqual([
    `test.ts: monitoring.subscribers.0.endpoint ${message} (got ${JSON.stringify(endpoint.replace("me:secret", "…"))})`,
  ]);
});

test.each([
  ["email", "ops.team+shop_1@mail.example.com"],
  ["https", "https://hooks.example.com"],
  ["https", "https://hooks.example.com:8443/a/%20b?x=1&y=(2)"],
])("an %s subscriber may have the endpoint %s", (protocol, endpoint) => {
  expect(problemsWith({ protocol, endpoint })).toEqual([]);
});

test("a repeated subscriber is refused, and so is one with a protocol other than email and https", () => {
  const ops = { protocol: "email", endpoint: "ops@example.com" };
  expect(problemsWith(ops, ops)).toEqual([
    'test.ts: monitoring.subscribers.1.endpoint is subscribed already: name each subscriber once (got "ops@example.com")',
  ]);
  expect(problemsWith({ protocol: "sms", endpoint: "+4912345678" })).toEqual([
    'test.ts: monitoring.subscribers.0.protocol must be one of "email", "https" (got "sms")',
  ]);
});
