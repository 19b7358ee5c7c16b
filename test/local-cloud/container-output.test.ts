import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOutputReader } from "../../local-cloud/nodes/container-output";

let disks: string;

beforeAll(() => {
  disks = mkdtempSync(join(tmpdir(), "disks-"));
});

afterAll(() => {
  rmSync(disks, { recursive: true });
});

function print(machine: string, file: string, text: string): void {
  const folder = join(disks, machine, "disk/var/log/containers");
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, file), text);
}

test("the output of containers is read once, in whole lines, with its container and task", async () => {
  const read = createOutputReader(disks);
  expect(await read()).toEqual([]);
  print("droplet-1", "app-0a1b.log", "one\ntwo\nthr");
  print("droplet-2", "side-car-2c3d.log", "grüße\n");
  expect(await read()).toEqual([
    { task: "0a1b", container: "app", lines: ["one", "two"] },
    { task: "2c3d", container: "side-car", lines: ["grüße"] },
  ]);
  print("droplet-1", "app-0a1b.log", "ee\n\n");
  expect(await read()).toEqual([{ task: "0a1b", container: "app", lines: ["three", ""] }]);
  expect(await read()).toEqual([]);
});
