import { expect, test } from "@jest/globals";
import { unknownName } from "../../../cli/refusals/unknown-name";

test.each([
  ["servce-web", "Did you mean service-web?"],
  ["control-plan", "Did you mean control-plane?"],
  ["compute-fra1", "Did you mean compute-ams3?"],
])("for %s, the nearest name is suggested", (name, suggestion) => {
  const message = unknownName("stack", [name], ["control-plane", "compute-ams3", "service-web"]);
  expect(message).toBe(
    `No stack is called ${name}: this environment has control-plane, compute-ams3, service-web. ${suggestion}`,
  );
});

test("in a short name two letters may have changed places", () => {
  expect(unknownName("service", ["wbe"], ["other", "web"])).toContain("Did you mean web?");
  expect(unknownName("service", ["wxy"], ["other", "web"])).not.toContain("mean");
});

test("if several names are equally near, none is suggested", () => {
  expect(unknownName("node", ["ams3/d"], ["ams3/a", "ams3/b"])).not.toContain("mean");
  expect(unknownName("node", ["nod-1"], ["ams3/node-1", "fra1/node-1"])).toContain(
    "Did you mean ams3/node-1?",
  );
});

test("a name that is like no other gets no suggestion, but a list of names, which is cut off if long", () => {
  expect(unknownName("node", ["elsewhere"], [])).toBe(
    "No node is called elsewhere: this environment has none.",
  );
  const many = Array.from({ length: 100 }, (_, index) => `ams3/node-${index + 1}`);
  const message = unknownName("node", ["x"], many);
  expect(message).toContain("ams3/node-30, … (100).");
  expect(message).not.toContain("mean");
});
