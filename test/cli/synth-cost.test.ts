import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";

jest.setTimeout(300_000);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synth-cost-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Writes an environment in which every service is at every site, with a load balancer and a proxy there. */
function environment(name: string, services: number, sites: number, nodesEach: number): string {
  const each = (count: number, make: (number: number) => readonly [string, object]) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => make(index + 1)));
  const file = join(folder, `${name}.json`);
  const config = {
    name: `cost-${name}`,
    aws: { region: "eu-west-1", accountId: "123456789012" },
    sites: each(sites, (number) => [
      `site-${number}`,
      { kind: "digitalocean", region: "ams3", size: "s-8vcpu-16gb", nodes: nodesEach },
    ]),
    services: each(services, (number) => [
      `app-${number}`,
      { image: "registry.example/app:v1", memoryMiB: 64, cpuUnits: 64, http: { port: 8000 + number } },
    ]),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Seconds of processors that a whole synthesis takes: other than the time on the clock, nobody else's work is in it. */
function cost(file: string): number {
  const command = 'TIMEFORMAT="%U %S"; time "$0" bundle/run.js main.ts 2>/dev/null';
  const times = execFileSync("bash", ["-c", `{ ${command}; } 2>&1`, process.execPath], {
    env: { PATH: process.env["PATH"], ANYWHERE_ENV: file, CDKTF_OUTDIR: folder },
    encoding: "utf8",
  });
  const [user = NaN, system = NaN] = times.trim().split(" ").map(Number);
  return user + system;
}

const median = (numbers: readonly number[]) =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;

test("synthesis of 20 services on 1,000 nodes at 10 sites costs less than eight times that of one service on two nodes", () => {
  const [large, small] = [environment("large", 20, 10, 100), environment("small", 1, 1, 2)];
  // In turn, so that whatever else the machine does slows both.
  const runs = Array.from({ length: 3 }, () => ({ large: cost(large), small: cost(small) }));
  expect(readdirSync(join(folder, "large/stacks"))).toHaveLength(2 + 10 + 20);
  expect(median(runs.map((run) => run.large)) / median(runs.map((run) => run.small))).toBeLessThan(8);
});
