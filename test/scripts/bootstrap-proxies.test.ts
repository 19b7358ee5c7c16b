import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { bootstrapSettings, code, installer, lastLine, Machine } from "../support/bootstrap/machine";
import { signWithNewKey, type Signed } from "../support/bootstrap/signing";

let signed: Signed;
let node: Machine;

beforeAll(() => {
  signed = signWithNewKey(installer);
});

beforeEach(() => {
  node = new Machine(signed, { id: "ubuntu", version: "24.04" });
});

afterEach(() => {
  node.remove();
});

const bootstrap = (overrides: Record<string, string> = {}) =>
  node.bootstrap({ ...bootstrapSettings(signed.fingerprint), ...overrides });

const proxy = "http://me:p%40ss@proxy.example.com:3128";
const spared = "localhost,127.0.0.1,169.254.169.254,169.254.170.2,/var/run/docker.sock";
const units = ["docker", "ecs", "amazon-ssm-agent"];
const dropIn = (unit: string) => `etc/systemd/system/${unit}.service.d/anywhere-proxy.conf`;
const proxies = "etc/ecs/anywhere.proxies";

test("both agents and Docker go through the proxy that the bootstrap goes through", async () => {
  expect(await bootstrap({ HTTPS_PROXY: proxy, NO_PROXY: "10.0.0.0/8" })).toMatchObject({ status: 0 });
  for (const unit of units) {
    expect(node.read(dropIn(unit)).replaceAll(node.root, "")).toBe(
      "[Service]\nEnvironmentFile=/etc/ecs/anywhere.proxies\n",
    );
  }
  expect(node.read(proxies).replaceAll(node.root, "").split("\n")).toEqual([
    `HTTPS_PROXY=${proxy}`,
    `https_proxy=${proxy}`,
    `HTTP_PROXY=${proxy}`,
    `http_proxy=${proxy}`,
    `NO_PROXY=${spared},10.0.0.0/8`,
    `no_proxy=${spared},10.0.0.0/8`,
    "",
  ]);
  const config = node.read("etc/ecs/ecs.config").replaceAll(node.root, "").split("\n");
  expect(config.filter((line) => line.includes("_PROXY="))).toEqual([
    `HTTPS_PROXY=${proxy}`,
    `HTTP_PROXY=${proxy}`,
    `NO_PROXY=${spared},10.0.0.0/8`,
  ]);
  expect(config.filter((line) => line === "ECS_CLUSTER=shop")).toHaveLength(1);
});

test("the installer and what it starts go through it, by either name", async () => {
  await bootstrap({ https_proxy: "http://secure:1", http_proxy: "plain:2" });
  const environment = node.read("installer-environment").split("\n");
  expect(environment.filter((line) => /^https?_proxy=/i.test(line)).sort()).toEqual([
    "HTTPS_PROXY=http://secure:1",
    "HTTP_PROXY=plain:2",
    "http_proxy=plain:2",
    "https_proxy=http://secure:1",
  ]);
});

test("only root reads its password, which is in no log and on no console", async () => {
  const { output } = await bootstrap({ HTTPS_PROXY: proxy });
  expect([proxies, "etc/ecs/ecs.config"].map((file) => node.mode(file))).toEqual([0o600, 0o600]);
  expect(output + node.read("var/log/anywhere-bootstrap.log")).not.toContain("p%40ss");
  expect(node.journal.join("\n")).not.toContain("p%40ss");
  expect(output).not.toContain(code);
});

test("what runs already is started again with a new proxy, before the machine registers, and not with the same", async () => {
  const restart = "systemctl try-restart docker amazon-ssm-agent ecs";
  await bootstrap({ HTTPS_PROXY: proxy });
  expect(node.journal.indexOf(restart)).toBeGreaterThan(node.journal.indexOf("systemctl daemon-reload"));
  expect(node.journal.indexOf(restart)).toBeLessThan(node.journal.indexOf("systemctl enable --now ecs"));
  node.forget("journal");
  await bootstrap({ HTTPS_PROXY: proxy });
  expect(node.journal).not.toContain(restart);
  await bootstrap({ HTTPS_PROXY: "other:3128" });
  expect(node.journal).toContain(restart);
});

test("without a proxy nothing of it is written, and what somebody has set stays", async () => {
  node.write("etc/ecs/ecs.config", "HTTP_PROXY=theirs:3128\n");
  expect(await bootstrap()).toMatchObject({ status: 0 });
  expect(node.read("etc/ecs/ecs.config")).toContain("HTTP_PROXY=theirs:3128\n");
  expect([proxies, ...units.map(dropIn)].filter((file) => node.exists(file))).toEqual([]);
});

test.each(["http://a b", 'http://a"b', "http://a\\b"])(
  "the proxy %j is refused, unprinted",
  async (wrong) => {
    const { status, output } = await bootstrap({ HTTPS_PROXY: wrong });
    expect(status).toBe(1);
    expect(lastLine(output)).toBe(
      "anywhere: FAILED proxy: HTTPS_PROXY has a space, a quote or a backslash in it: write that as %20, %22…",
    );
  },
);
