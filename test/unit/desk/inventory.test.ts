import { expect, test } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readInventory } from "../../../cli/servers/inventory";
import { parseConfig } from "../../../config/load";
import { oneSite } from "../../support/synthesis/environments";

const berlin = { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {} } };
const config = parseConfig({ ...oneSite, sites: { ...oneSite.sites, berlin } }, "environment.json");

function read(yaml: string) {
  const file = join(mkdtempSync(join(tmpdir(), "inventory-")), "hosts.yaml");
  writeFileSync(file, yaml);
  return readInventory(file, config);
}

test("an inventory names the server of each node", () => {
  expect(read("berlin/rack-2: root@192.0.2.2\nberlin/rack-1: rack-1\n")).toEqual([
    { node: { site: "berlin", node: "rack-1" }, host: "rack-1" },
    { node: { site: "berlin", node: "rack-2" }, host: "root@192.0.2.2" },
  ]);
});

test.each([
  ["", "its content must be an object"],
  ["hosts", "its content must be an object"],
  ["berlin/rack-1: [a]", "berlin/rack-1 must be a string"],
  ["berlin/rack-1: -oProxyCommand=x", "berlin/rack-1 must be a host such as root@192.0.2.1"],
  [
    "berlin/rack-1: rack\nberlin/rack-2: rack",
    "berlin/rack-2 has the server of another node, rack: a server can be only one node",
  ],
])("the inventory %j is refused", (yaml, problem) => {
  expect(() => read(yaml)).toThrow(`hosts.yaml: ${problem}`);
});
