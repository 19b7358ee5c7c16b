import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { run } from "../../../demo/command";
import { onPremises, useProject } from "../project";
import { serveLogs, type StandInLogs } from "./stand-in-logs";

jest.setTimeout(120_000);

const project = useProject();
let logs: StandInLogs;

beforeAll(async () => {
  logs = await serveLogs();
});

afterAll(() => logs.close());

/** Lets a task print a line whenever somebody looks, behind one of a node whose clock is two minutes ahead. */
function printLineByLine(): void {
  const line = (eventId: string, timestamp: number) => ({
    ...{ eventId, timestamp, message: eventId },
    logStreamName: "app/app/0123456789abcdef0123456789abcdef",
  });
  const lines = [line("ahead", Date.now() + 120_000)];
  logs.printed = () => {
    const all = [...lines];
    lines.push(line(`line ${lines.length}`, Date.now()));
    return all;
  };
}

test("logs --follow shows all lines even if a node's clock is ahead, and ends when its output is closed", async () => {
  project().configure({
    sites: { berlin: onPremises("rack-1") },
    services: { web: { image: "registry.example/shop/app:v1" } },
  });
  printLineByLine();
  const { exitCode, stdout } = await run({
    program: "bash",
    args: ["-c", '"$0" cli/anywhere.js logs web --follow | head -n 2', process.execPath],
    folder: project().folder,
    variables: { ...project().variables, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url },
    log: undefined,
    seconds: 60,
  });
  expect(exitCode).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(22)),
  ).toEqual(["ahead", "line 1"]);
});
