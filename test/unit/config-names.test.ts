import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const { sites, aws, name } = oneSite;
const small = { image: "registry.example/shop/app:v1", memoryMiB: 64, cpuUnits: 64 };
const problemsWith = (parts: object) => problemsOf({ name, aws, sites, ...parts });

test("a name that every object has isn't taken for an image, a service or an attribute", () => {
  const calling = { environment: { A: { service: "constructor" } }, on: { toString: "x" } };
  expect(problemsWith({ services: { web: { ...small, ...calling, image: "constructor" } } })).toEqual([
    expect.stringContaining("services.web.image is not a key of images (none), and as a URI it lacks a tag"),
    expect.stringContaining("services.web.environment.A is not a service: add it"),
    expect.stringContaining(
      "services.web.on.toString is not an attribute of any node: give a node this attribute",
    ),
  ]);
});

test("a secret may have a name that every object has", () => {
  const secrets = { constructor: "arn:aws:ssm:eu-west-1:123456789012:parameter/key" };
  expect(problemsWith({ services: { web: { ...small, secrets } } })).toEqual([]);
});

test.each([
  ["sites", sites.ams3],
  ["images", { build: "app" }],
  ["services", small],
  ["jobs", { ...small, schedule: "rate(1 hour)", site: "ams3" }],
])("no key of %s may be constructor", (setting, value) => {
  expect(problemsWith({ [setting]: { constructor: value } })).toEqual([
    `test.ts: ${setting}.constructor can't be a key: it must not be constructor, a name that no part of a stack can have (got "constructor")`,
  ]);
});
