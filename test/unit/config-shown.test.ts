import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

test.each<[string, unknown, string]>([
  ["a function", () => undefined, "test.ts: the config must be an object (got [Function (anonymous)])"],
  ["a bigint", { ...oneSite, logRetentionDays: 7n }, "(got 7n)"],
  ["a bigint in an object", { ...oneSite, name: { a: 7n } }, '(got {"a":"7n"})'],
  ["a number that is none", { ...oneSite, logRetentionDays: Number.NaN }, "(got NaN)"],
])("%s is shown as it is written", (_, input, expected) => {
  expect(problemsOf(input)).toEqual([expect.stringContaining(expected)]);
});

test("an object that contains itself is shown in short", () => {
  const name: Record<string, unknown> = {};
  name["self"] = name;
  expect(problemsOf({ ...oneSite, name })).toEqual([expect.stringMatching(/\(got <ref \*1> \{.*\}\)$/)]);
});

test.each<[string, object]>([
  ["registryCredentials", { services: { web: { ...oneSite.services.web, registryCredentials: "hidden" } } }],
  ["a mistyped secrets", { services: { web: { ...oneSite.services.web, secret: { KEY: "hidden" } } } }],
  ["a mistyped service", { service: { web: { secrets: { KEY: "hidden" } } } }],
  ["a token", { digitalocean: { token: "hidden" } }],
  [
    "a URL with a password",
    { monitoring: { subscribers: [{ protocol: "https", endpoint: "https://user:hidden@example.com" }] } },
  ],
])("%s that is wrong is reported without its value", (_, more) => {
  const problems = problemsOf({ ...oneSite, ...more });
  expect(problems).toHaveLength(1);
  expect(problems[0]).not.toContain("hidden");
});

test("a setting that isn't written is shown with its default, where it has one", () => {
  const sites = { ams3: { kind: "digitalocean", region: "ams3", size: "s-1vcpu-512mb-10gb", nodes: 1 } };
  const { image } = oneSite.services.web;
  const services = { web: { image, http: { port: 8080 } } };
  expect(problemsOf({ ...oneSite, sites, services })).toEqual([
    expect.stringMatching(/^test\.ts: services\.web\.memoryMiB doesn't fit .* \(got 256, the default\)$/),
    expect.stringMatching(/^test\.ts: sites\.ams3\.size has 512 MiB .* \(got "s-1vcpu-512mb-10gb"\)$/),
  ]);
  expect(problemsOf({ ...oneSite, services: { web: {} } })).toEqual([
    expect.stringMatching(/^test\.ts: services\.web\.image must be .* \(it is missing\)$/),
  ]);
});

test("a long value is shown in part", () => {
  const [problem = "", ...others] = problemsOf({ ...oneSite, name: "x".repeat(1000) });
  expect(problem).toMatch(/ \(got "x{299}…\)$/);
  expect(others).toEqual([]);
});
