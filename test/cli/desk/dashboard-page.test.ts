import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, jest } from "@jest/globals";
import { chromium, type Browser, type Page } from "playwright-core";
import { chromiumPath, testOfChromium } from "../../support/jest/chromium";
import { eventually } from "../../support/jest/eventually";
import { startCommand, type RunningCommand } from "../../support/programs/running-command";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

// A browser takes seconds, and many where others are at work on the computer.
jest.setTimeout(180_000);

const image = "registry.example/shop/app:v7";
let stage: DeskStage;
let running: RunningCommand;
let browser: Browser;
let url = "";

beforeAll(async () => {
  if (!existsSync(chromiumPath)) {
    return;
  }
  stage = await startDeskStage({
    sites: {
      ams3: { kind: "digitalocean", region: "ams3", nodes: 100 },
      berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {}, "rack-3": {} } },
    },
    services: { web: { image, http: { port: 8080 } }, worker: { image, placement: { berlin: 2 } } },
    jobs: { report: { image, schedule: "cron(30 4 * * ? *)", site: "berlin" } },
  });
  await stage.measured(100);
  running = startCommand({ ...stage.command(["dashboard", "--every", "5"]), seconds: 900 });
  url = await eventually("the address is printed", () =>
    Promise.resolve(/^http:\S+$/m.exec(running.printed())?.[0]),
  );
  // As root it has no sandbox.
  browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
}, 600_000);

afterAll(async () => {
  if (!existsSync(chromiumPath)) {
    return;
  }
  await browser.close();
  running.signal("SIGKILL");
  await running.ended;
  await stage.close();
});

/** The page in a window, and whatever it has complained of or loaded. */
async function open(options: Parameters<Browser["newPage"]>[0] = {}) {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  const loaded: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => loaded.push(request.url()));
  await page.goto(url);
  await page.getByRole("heading", { name: /^berlin / }).waitFor();
  return { page, complaints, loaded };
}

/** Keeps a picture where somebody wants to look at it. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (folder !== undefined) {
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  }
}

const titled = (page: Page, title: string) =>
  eventually(`the title is ${title}`, async () => ((await page.title()) === title ? true : undefined));

const lanesOf = (page: Page, service: string, site: string) =>
  page
    .getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name: `${service} at ${site}` }) })
    .locator(".lane");

testOfChromium("a hundred nodes are shown without a console message or an external file", async () => {
  const { page, complaints, loaded } = await open({ viewport: { width: 1440, height: 900 } });
  await titled(page, "anywhere · ECS Anywhere");
  expect(await page.locator(".node").count()).toBe(103);
  expect(await page.locator(".node.good").count()).toBe(103);
  await page.getByText("No problems").waitFor();
  expect(complaints).toEqual([]);
  expect(loaded.filter((one) => !one.startsWith(url))).toEqual([]);
  await picture(page, "light");
  await page.close();
});

testOfChromium("narrow windows scroll in one direction, and colours follow the system's", async () => {
  const background = (page: Page) => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const narrow = await open({ viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  const wide = await open({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  expect(await narrow.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
  expect(await background(narrow.page)).not.toBe(await background(wide.page));
  await picture(narrow.page, "narrow");
  await narrow.page.close();
  await wide.page.close();
});

testOfChromium("the keyboard moves between nodes, and opens and closes one", async () => {
  const { page } = await open();
  await page.getByRole("button", { name: "rack-1" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const details = page.getByRole("region", { name: "berlin/rack-2" });
  await details.waitFor();
  expect(await details.textContent()).toContain(stage.node("berlin/rack-2").managedInstanceId);
  await page.keyboard.press("Escape");
  await details.waitFor({ state: "detached" });
  // One stop of the tabulator for each site.
  expect(await page.locator('.nodes button[tabindex="0"]').count()).toBe(2);
  await page.close();
});

testOfChromium(
  "during a roll-out the tasks of a service move from the old revision to the new one",
  async () => {
    const { page, complaints } = await open({ viewport: { width: 1440, height: 900 }, colorScheme: "dark" });
    const lanes = lanesOf(page, "web", "berlin");
    expect(await lanes.locator(".revision").allTextContents()).toEqual([expect.stringContaining(":1")]);
    stage.ecs.call("RegisterTaskDefinition", {
      family: "anywhere--web--berlin",
      requiresCompatibilities: ["EXTERNAL"],
      networkMode: "bridge",
      containerDefinitions: [
        { name: "app", image, memory: 64, healthCheck: { command: ["CMD", "healthcheck"] } },
      ],
    });
    stage.ecs.call("UpdateService", {
      cluster: "anywhere",
      service: "web--berlin",
      taskDefinition: "anywhere--web--berlin",
      deploymentConfiguration: { minimumHealthyPercent: 66, maximumPercent: 100 },
    });
    const revisions = () =>
      stage.ecs
        .tasks()
        .filter(({ group, lastStatus }) => group === "service:web--berlin" && lastStatus === "RUNNING")
        .map(({ taskDefinitionArn }) => taskDefinitionArn.split(":").at(-1));
    while (new Set(revisions()).size < 2) {
      stage.ecs.advance(0.5);
    }
    const places = async () =>
      Promise.all((await lanes.all()).map((lane) => lane.locator("[data-move]").count()));
    await eventually("both revisions are shown", async () => {
      const now = await places();
      return now.length === 2 && now.every((count) => count > 0) ? true : undefined;
    });
    expect(await lanes.locator(".revision").allTextContents()).toEqual([
      expect.stringContaining(":1 old"),
      expect.stringContaining(":2 new"),
    ]);
    await picture(page, "roll-out");
    stage.ecs.advance(120);
    await eventually("only the new one is left", async () => {
      const now = await places();
      return now.length === 1 && now[0] === 3 ? true : undefined;
    });
    expect(await lanes.locator(".revision").allTextContents()).toEqual([expect.stringContaining(":2")]);
    expect(complaints).toEqual([]);
    await page.close();
  },
);

testOfChromium("problems are shown first and on their nodes, and a lost connection is shown", async () => {
  const { page } = await open({ viewport: { width: 1440, height: 900 } });
  stage.lose("ams3/node-7", { ecs: true, ssm: true });
  await page.getByText("1 problem").first().waitFor({ timeout: 60_000 });
  await titled(page, "(1) anywhere · ECS Anywhere");
  expect(await page.locator(".node.bad").allTextContents()).toEqual([expect.stringContaining("node-7")]);
  await page.getByRole("button", { name: /node-7$/ }).click();
  await page.getByRole("region", { name: "ams3/node-7" }).waitFor();
  await picture(page, "problem");
  expect(await page.locator(".columns.stale").count()).toBe(0);
  running.signal("SIGINT");
  await page.getByText("Not connected: is the command still running?").waitFor({ timeout: 60_000 });
  expect(await page.locator(".columns.stale").count()).toBe(1);
  await picture(page, "not-connected");
  await page.close();
});
