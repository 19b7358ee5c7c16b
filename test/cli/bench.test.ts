import { execFile } from "node:child_process";
import { expect, jest, test } from "@jest/globals";

jest.setTimeout(240_000);

function bench(...args: readonly string[]) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
    execFile("npm", ["run", "--silent", "bench", "--", ...args], (error, stdout, stderr) => {
      done({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

test("npm run bench measures the synthesis, and prints the machine and a number for each figure", async () => {
  const { code, stdout } = await bench("--runs", "1");
  expect(code).toBe(0);
  const [head, line, ...rows] = stdout.split("\n").filter((text) => text.startsWith("|"));
  expect(head).toMatch(/^\| Figure +\| Measured +\| Least to most +\| Target +\| Met +\|$/);
  expect(line).toMatch(/^(\| -+ ){5}\|$/);
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  expect(cells.map(([, name]) => name)).toEqual([
    "app synth, one site of two nodes",
    "the same ÷ `node -e 0`",
    "`npm run synth`",
    "synth of 500 nodes ÷ of 2",
    "synth of 10 sites of 100 nodes ÷ of 1 of 2",
  ]);
  for (const [, , measured, noise, most, met] of cells) {
    expect(measured).toMatch(/^\d+\.\d\d [s×]$/);
    expect(noise).toBe("one run");
    expect(most).toMatch(/^≤ \d+\.\d\d [s×]$/);
    expect(met).toMatch(/^(yes|no)$/);
  }
  expect(stdout).toMatch(/\n\d+ cores, \d+ GiB, Node\.js \d+\.\d+\.\d+, Terraform \d+\.\d+\.\d+\n$/);
});

test.each([
  [["walks"], "Allowed choices are synthesis, deployments, demo, tests."],
  [["--runs", "0"], "It must be a number from 1 to 99."],
  [["synthesis", "--write"], "--write needs all figures: add --all."],
])("npm run bench -- %j is refused before anything is measured", async (args, reason) => {
  const { code, stdout, stderr } = await bench(...args);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(reason);
  expect(stderr).not.toContain("Measuring");
});
