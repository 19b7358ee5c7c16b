import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { chromium, type Browser } from "playwright-core";
import { serveOnLoopback, type LoopbackServer } from "../../local-cloud/http-server";
import { chromiumPath, testOfChromium } from "../support/jest/chromium";

let metadata: LoopbackServer;
let app: ChildProcess;
let url: string;

beforeAll(async () => {
  metadata = await serveOnLoopback((request, response) => {
    const tags = { "anywhere.site": "ams3", "anywhere.node": "<node-1>" };
    const task = {
      TaskARN: "arn:aws:ecs:eu-west-1:1:task/shop/0a1b",
      Revision: "7",
      ContainerInstanceTags: tags,
    };
    response.writeHead(request.url === "/taskWithTags" ? 200 : 404).end(JSON.stringify(task));
  });
  [app, url] = await start({ ECS_CONTAINER_METADATA_URI_V4: metadata.url });
}, 30_000);

afterAll(async () => {
  app.kill("SIGKILL");
  await metadata.close();
});

/** The sample with these variables, once it listens, and its URL. */
async function start(variables: NodeJS.ProcessEnv): Promise<[ChildProcess, string]> {
  const child = spawn(process.execPath, ["app/server.js"], {
    env: { ...variables, PORT: "0", HOST: "127.0.0.1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return [child, `http://127.0.0.1:${/on port (\d+)/.exec(String(said))?.[1] ?? ""}`];
}

/** The answer of the page's URL to a client that accepts this. */
async function ask(accept?: string): Promise<{ headers: NodeJS.Dict<string | string[]>; body: string }> {
  const sent = get(url, { headers: accept === undefined ? {} : { accept } });
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  return { headers: response.headers, body: await text(response) };
}

const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

test.each([undefined, "*/*", "application/json"])("a program that accepts %s gets JSON", async (accept) => {
  const { headers, body } = await ask(accept);
  expect(headers).toMatchObject({ "content-type": "application/json", "app-version": "7", vary: "accept" });
  expect(JSON.parse(body)).toEqual({ site: "ams3", node: "<node-1>", task: "0a1b" });
});

test("a browser gets a page with site, node, task and version, which loads nothing from elsewhere", async () => {
  const { headers, body } = await ask(html);
  expect(headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  for (const [name, value] of [
    ["Site", "ams3"],
    ["Node", "&#60;node-1&#62;"],
    ["Task", "0a1b"],
    ["Version", "7"],
  ] as const) {
    expect(body).toContain(`<dt>${name}</dt><dd>${value}</dd>`);
  }
  expect(body).not.toMatch(/(src|href)="(?!data:)/);
  expect(body).not.toContain("<node-1>");
  expect(body).toMatch(/<noscript>.*reload/);
});

test("the image holds every file of the sample", () => {
  const files = readdirSync("app").filter((name) => !/^(Dockerfile|\.dockerignore)$/.test(name));
  const [, copied = ""] = /^COPY (healthcheck .+) \.\/$/m.exec(readFileSync("app/Dockerfile", "utf8")) ?? [];
  expect(copied.split(" ")).toEqual(files.sort());
  const sent = [...readFileSync("app/.dockerignore", "utf8").matchAll(/^!(.+)$/gm)].map(([, name]) => name);
  expect(sent).toEqual(files.sort());
});

test("the sample is ready once it has listened for long enough, and answers then if that is soon", async () => {
  const [slow, place] = await start({ READY_AFTER_SECONDS: "4" });
  const since = Date.now();
  const seconds = () => (Date.now() - since) / 1000;
  try {
    expect((await fetch(`${place}/ready`)).status).toBe(503);
    expect(seconds()).toBeLessThan(0.9);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await fetch(`${place}/ready`)).status).toBe(200);
    expect(seconds()).toBeGreaterThan(3.5);
    expect(seconds()).toBeLessThan(4.9);
  } finally {
    slow.kill("SIGKILL");
  }
});

/** The programs with which the sample can be asked, as far as this computer has them: curl is required. */
const clients = ["wget", "curl"].flatMap((name) =>
  (process.env.PATH ?? "")
    .split(":")
    .map((folder) => ({ name, path: join(folder, name) }))
    .filter(({ path }) => existsSync(path))
    .slice(0, 1),
);

test.each(clients)(
  "the health check passes with $name while the sample is ready, and only then",
  async (client) => {
    const folder = mkdtempSync(join(tmpdir(), "healthcheck-"));
    symlinkSync(client.path, join(folder, client.name));
    let status = 200;
    const asked: (string | undefined)[] = [];
    const sample = await serveOnLoopback((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    });
    const nobody = "http://127.0.0.1:9";
    const check = async () => {
      const child = spawn("/bin/sh", ["app/healthcheck"], {
        env: { PATH: folder, PORT: new URL(sample.url).port, http_proxy: nobody, all_proxy: nobody },
        stdio: "ignore",
      });
      const [code] = (await once(child, "exit")) as [number];
      return code === 0;
    };
    try {
      expect(await check()).toBe(true);
      status = 503;
      expect(await check()).toBe(false);
      expect(asked).toEqual(["/ready", "/ready"]);
      await sample.close();
      expect(await check()).toBe(false);
    } finally {
      await sample.close();
      rmSync(folder, { recursive: true });
    }
  },
);

testOfChromium(
  "the page shows who has answered lately, and without JavaScript says to reload it",
  async () => {
    const browser: Browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
    try {
      const problems: string[] = [];
      const page = await browser.newPage();
      page.on("console", (message) => problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(error.message));
      await page.goto(url);
      await page.locator(".on").nth(2).waitFor();
      expect(await page.locator("th").allTextContents()).toEqual(["ams3/<node-1>, version 7"]);
      expect(problems).toEqual([]);
      const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
      await plain.goto(url);
      expect(await plain.locator("noscript").innerText()).toContain("reload the page");
    } finally {
      await browser.close();
    }
  },
  60_000,
);
