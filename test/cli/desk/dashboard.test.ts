import { request } from "node:http";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Told } from "../../../cli/dashboard/feed";
import { eventually } from "../../support/jest/eventually";
import { startCommand, type RunningCommand } from "../../support/programs/running-command";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

let stage: DeskStage;
let running: RunningCommand;
let url: URL;

beforeAll(async () => {
  stage = await startDeskStage({
    sites: { berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {} } } },
    services: { web: { image: "registry.example/shop/app:v7" } },
  });
  running = startCommand({ ...stage.command(["dashboard", "--json", "--every", "5"]), seconds: 900 });
  const line = await eventually("the address is printed", () =>
    Promise.resolve(/^\{.*"url".*\}$/m.exec(running.printed())?.[0]),
  );
  url = new URL((JSON.parse(line) as { readonly url: string }).url);
}, 600_000);

afterAll(async () => {
  running.signal("SIGKILL");
  await running.ended;
  await stage.close();
});

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Fetch sets the host by itself. */
const ask = (path: string, host = url.host, method = "GET"): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: url.hostname, port: url.port, path, method, headers: { host } },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          body += part;
        });
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      },
    );
    sent.on("error", reject);
    sent.end();
  });

const own = (file: string) => ask(`${url.pathname}${file}`);

/** The looks that the page is told, until it closes. */
async function* looks(): AsyncGenerator<Told> {
  const { body } = await fetch(new URL("events", url));
  if (body === null) {
    return;
  }
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(part, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield JSON.parse(text.slice("data: ".length, end)) as Told;
      text = text.slice(end + 2);
    }
  }
}

test("the address holds its own token, and nothing is served without it", async () => {
  expect(url.hostname).toBe("127.0.0.1");
  expect(url.pathname).toMatch(/^\/[\w-]{32}\/$/);
  for (const path of ["/", "/events", "/page.js", `${url.pathname.slice(0, -2)}x/events`]) {
    const { status, body } = await ask(path);
    expect({ path, status }).toEqual({ path, status: 403 });
    expect(body).not.toMatch(/anywhere--|rack-1/);
  }
  expect((await own("no-such-file")).status).toBe(404);
});

test("only read requests from this computer, to its own name, are answered", async () => {
  expect((await ask(url.pathname, `localhost:${url.port}`)).status).toBe(200);
  expect((await ask(url.pathname, `attacker.example:${url.port}`)).status).toBe(421);
  expect((await ask(url.pathname, url.host, "POST")).status).toBe(405);
  const elsewhere = new URL(url);
  elsewhere.hostname = "127.0.0.2";
  await expect(fetch(elsewhere)).rejects.toThrow("fetch failed");
});

test("the page loads nothing but its own files, and its policy forbids all else", async () => {
  const page = await own("");
  expect(page.status).toBe(200);
  expect(page.headers).toMatchObject({
    "content-security-policy": expect.stringMatching(
      /^default-src 'none'; script-src 'self'; style-src 'self'; /,
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  expect(page.headers["content-security-policy"]).not.toMatch(/unsafe|\*|https?:/);
  expect(page.body).not.toMatch(/<script>|<style|style=|\son\w+=/);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = ""]) => file);
  expect(files.sort()).toEqual(["icon.svg", "page.css", "page.js"]);
  for (const file of files) {
    const { status, headers, body } = await own(file);
    expect({ file, status }).toEqual({ file, status: 200 });
    expect(headers["content-security-policy"]).toBe(page.headers["content-security-policy"]);
    expect(body.length).toBeGreaterThan(100);
    // Names of formats are no addresses.
    const addresses = [...body.matchAll(/https?:\/\/[\w./-]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([]);
  }
});

test("a client gets the whole deployment at once, and each problem as it comes and goes", async () => {
  let asked = 0;
  for await (const { look, trouble, every } of looks()) {
    asked++;
    const { report, events } = look;
    expect({ trouble, every, nodes: report.sites[0]?.nodes.length }).toEqual({
      trouble: null,
      every: 5,
      nodes: 2,
    });
    const told = events.map(({ of, message }) => `${of} ${message}`);
    if (asked === 1) {
      expect(report.problems).toEqual([]);
      expect(told.join("\n")).toContain("web--berlin has reached a steady state.");
      stage.lose("berlin/rack-2", { ecs: true, ssm: false });
    } else if (told.some((line) => line.startsWith("berlin/rack-2 No longer: "))) {
      expect(report.problems).toEqual([]);
      break;
    } else if (told.includes("berlin/rack-2 Problem: its ECS agent isn't connected")) {
      expect(report.problems.map(({ kind }) => kind)).toEqual(["agent-lost"]);
      stage.node("berlin/rack-2").alive = true;
      stage.ecs.advance(10);
    }
    expect(asked).toBeLessThan(8);
  }
});

test("a failed query is reported, and the page keeps what it has", async () => {
  stage.world.faults.push({
    match: { service: "ecs" },
    times: 99,
    effect: { kind: "error", status: 400, code: "ClusterNotFoundException", message: "no" },
  });
  for await (const { look, trouble } of looks()) {
    if (trouble !== null) {
      expect(trouble).toContain("There is no cluster anywhere in eu-west-1");
      expect(look.report.services).toHaveLength(1);
      break;
    }
  }
  stage.world.faults.splice(0);
});

test("no cloud is queried while no client is connected", async () => {
  await eventually("the last look is over", async () => {
    const before = stage.world.journal.length;
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    return stage.world.journal.length === before ? true : undefined;
  });
});

test("a taken or invalid port is refused, and so is a deployment that doesn't exist", async () => {
  expect(await stage.anywhere(["dashboard", "--port", url.port])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`Port ${url.port} of 127.0.0.1 can't be used (EADDRINUSE)`),
  });
  expect(await stage.anywhere(["dashboard", "--port", "70000"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("It must be a port from 1 to 65535."),
  });
  stage.configure({ name: "another" });
  expect(await stage.anywhere(["dashboard"])).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("There is no cluster another in eu-west-1"),
  });
  stage.configure({});
});
