import { expect, jest, test } from "@jest/globals";
import { mustRun, run, type Command } from "../../../demo/command";
import { version } from "../../../package.json";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

/** As a user of a checkout runs it. */
const npx = (...args: readonly string[]): Command => ({
  program: "npx",
  args: ["--no-install", "anywhere", ...args],
  folder: process.cwd(),
  variables: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
  log: undefined,
  seconds: 60,
});

test("npx anywhere prints its version, and suggests the right command for a mistyped one", async () => {
  expect(await mustRun(npx("--version"))).toBe(`${version}\n`);
  expect(await run(npx("stats"))).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("(Did you mean status?)"),
  });
});

const commands = [
  ...["status", "events", "logs", "drain", "undrain", "heal", "run", "rollback"],
  ...["join", "leave", "orphans", "roll", "dashboard", "doctor"],
  ...["check", "stacks", "bootstrap-state"],
];
/** Their output is Terraform's, a session's or text. */
const withoutJson = ["synth", "deploy", "diff", "destroy", "exec", "redact"];

test.each([...commands, ...withoutJson])(
  "the help of %s has an example that it accepts, and its exit codes",
  async (command) => {
    const helpOf = (...args: readonly string[]) =>
      mustRun({ ...npx(), program: process.execPath, args: ["cli/anywhere.js", ...args, "--help"] });
    const help = await helpOf(command);
    const [, example = ""] = /\nExample:\n {2}npx anywhere (.+)\n/.exec(help) ?? [];
    // What follows is for another program, or a shell.
    const [own = ""] = example.split(/ -- | </);
    expect(own.split(" ")[0]).toBe(command);
    expect(await helpOf(...own.split(" "))).toBe(help);
    expect(help).toMatch(/Exit codes: (0|130)\b/);
    expect(Math.max(...help.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(help.includes("--json")).toBe(commands.includes(command));
  },
);

test.each(["--to=v1", "--auto-approve"])(
  "rollback --list refuses %s, which would have no effect",
  async (option) => {
    const listing = {
      ...npx(),
      program: process.execPath,
      args: ["cli/anywhere.js", "rollback", "web", "--list", option],
    };
    const { exitCode, stderr } = await run(listing);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/^error: option '--list' cannot be used with option '/),
    });
  },
);
