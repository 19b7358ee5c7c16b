import { expect, test } from "@jest/globals";
import { code, lastLine } from "../support/bootstrap/machine";
import { useMachine } from "../support/bootstrap/use-machine";

const stage = useMachine();

const { bootstrap } = stage;

const proxy = "http://me:p%40ss@proxy.example.com:3128";
const spared = "localhost,127.0.0.1,169.254.169.254,169.254.170.2,/var/run/docker.sock";
const units = ["docker", "ecs", "amazon-ssm-agent"];
const dropIn = (unit: string) => `etc/systemd/system/${unit}.service.d/anywhere-proxy.conf`;
const proxies = "etc/ecs/anywhere.proxies";

test("both agents and Docker use the proxy that the bootstrap uses", async () => {
  expect(await bootstrap({ HTTPS_PROXY: proxy, NO_PROXY: "10.0.0.0/8" })).toMatchObject({ status: 0 });
  for (const unit of units) {
    expect(stage.machine.read(dropIn(unit)).replaceAll(stage.machine.root, "")).toBe(
      "[Service]\nEnvironmentFile=/etc/ecs/anywhere.proxies\n",
    );
  }
  expect(stage.machine.read(proxies).replaceAll(stage.machine.root, "").split("\n")).toEqual([
    `HTTPS_PROXY=${proxy}`,
    `https_proxy=${proxy}`,
    `HTTP_PROXY=${proxy}`,
    `http_proxy=${proxy}`,
    `NO_PROXY=${spared},10.0.0.0/8`,
    `no_proxy=${spared},10.0.0.0/8`,
    "",
  ]);
  const config = stage.machine.read("etc/ecs/ecs.config").replaceAll(stage.machine.root, "").split("\n");
  expect(config.filter((line) => line.includes("_PROXY="))).toEqual([
    `HTTPS_PROXY=${proxy}`,
    `HTTP_PROXY=${proxy}`,
    `NO_PROXY=${spared},10.0.0.0/8`,
  ]);
  expect(config.filter((line) => line === "ECS_CLUSTER=shop")).toHaveLength(1);
});

test("the installer and its programs use the proxy, under either name of the variable", async () => {
  await bootstrap({ https_proxy: "http://secure:1", http_proxy: "plain:2" });
  const environment = stage.machine.read("installer-environment").split("\n");
  expect(environment.filter((line) => /^https?_proxy=/i.test(line)).sort()).toEqual([
    "HTTPS_PROXY=http://secure:1",
    "HTTP_PROXY=plain:2",
    "http_proxy=plain:2",
    "https_proxy=http://secure:1",
  ]);
});

test("only root can read the proxy's password, which is in no log and on no console", async () => {
  const { output } = await bootstrap({ HTTPS_PROXY: proxy });
  expect([proxies, "etc/ecs/ecs.config"].map((file) => stage.machine.mode(file))).toEqual([0o600, 0o600]);
  expect(output + stage.machine.read("var/log/anywhere-bootstrap.log")).not.toContain("p%40ss");
  expect(stage.machine.journal.join("\n")).not.toContain("p%40ss");
  expect(output).not.toContain(code);
});

test("running services are restarted before the registration for a new proxy, but not for the same one", async () => {
  const restart = "systemctl try-restart docker amazon-ssm-agent ecs";
  await bootstrap({ HTTPS_PROXY: proxy });
  expect(stage.machine.journal.indexOf(restart)).toBeGreaterThan(
    stage.machine.journal.indexOf("systemctl daemon-reload"),
  );
  expect(stage.machine.journal.indexOf(restart)).toBeLessThan(
    stage.machine.journal.indexOf("systemctl enable --now ecs"),
  );
  stage.machine.forget("journal");
  await bootstrap({ HTTPS_PROXY: proxy });
  expect(stage.machine.journal).not.toContain(restart);
  await bootstrap({ HTTPS_PROXY: "other:3128" });
  expect(stage.machine.journal).toContain(restart);
});

test("without a proxy, no proxy settings are written, and existing ones stay", async () => {
  stage.machine.write("etc/ecs/ecs.config", "HTTP_PROXY=theirs:3128\n");
  expect(await bootstrap()).toMatchObject({ status: 0 });
  expect(stage.machine.read("etc/ecs/ecs.config")).toContain("HTTP_PROXY=theirs:3128\n");
  expect([proxies, ...units.map(dropIn)].filter((file) => stage.machine.exists(file))).toEqual([]);
});

test.each(["http://a b", 'http://a"b', "http://a\\b"])(
  "the proxy %j is refused without being printed",
  async (wrong) => {
    const { status, output } = await bootstrap({ HTTPS_PROXY: wrong });
    expect(status).toBe(1);
    expect(lastLine(output)).toBe(
      "anywhere: FAILED proxy: HTTPS_PROXY contains a space, a quote or a backslash: write it as %20, %22…",
    );
  },
);
