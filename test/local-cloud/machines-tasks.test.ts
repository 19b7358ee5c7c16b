import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "@jest/globals";
import type { ContainerOrder } from "../../local-cloud/machines";
import {
  container,
  read,
  shell,
  spec,
  testOnNode,
  until,
  useMachines,
  type ReadyNode,
} from "./machines-stage";

const start = useMachines();

const mounts = [{ volume: "shared", hostPath: "/srv/shared", containerPath: "/shared", readOnly: false }];
const health = {
  command: ["CMD-SHELL", "test -e /tmp/ready"],
  interval: 0.1,
  timeout: 5,
  retries: 100,
  startPeriod: 0,
};

/** A container that writes down when it starts, is told to end and has ended, which takes it some time. */
function witness(name: string, over: Partial<ContainerOrder> = {}, seconds = 0.3): ContainerOrder {
  const script = `
    say() { echo "${name} $1" >>/shared/log; }
    end() { say $1; sleep ${seconds}; say ended; exit 0; }
    trap 'end TERM' TERM; trap 'end USR1' USR1
    say started; sleep 0.3; touch /tmp/ready; while :; do sleep 0.05; done`;
  return shell(name, script, { mounts, ...over });
}

const log = ({ disk }: ReadyNode) => readFileSync(disk("/srv/shared/log"), "utf8").trim().split("\n");

testOnNode(
  "containers start in the order of their dependencies and stop in reverse order, one at a time",
  start,
  async (node) => {
    const healthy = { containerName: "app", condition: "HEALTHY" as const };
    const started = { containerName: "proxy", condition: "START" as const };
    node.run([
      witness("last", { dependsOn: [started] }),
      witness("proxy", { dependsOn: [healthy] }),
      witness("app", { healthCheck: health }),
    ]);
    await node.reaches("RUNNING");
    await until(() => log(node).length === 3);
    expect(log(node)).toEqual(["app started", "proxy started", "last started"]);
    expect(node.ofContainer("app")).toMatchObject({ health: "HEALTHY" });
    expect(node.ofContainer("proxy")).toMatchObject({ health: "UNKNOWN" });

    node.stop();
    await node.reaches("STOPPED");
    const ends = ["last", "proxy", "app"].flatMap((name) => [`${name} TERM`, `${name} ended`]);
    expect(log(node).slice(3)).toEqual(ends);
    expect(node.ofContainer("last")).toMatchObject({ status: "STOPPED", exitCode: 0 });
  },
);

testOnNode(
  "when an essential container ends, its task stops in reverse order; when another ends, it runs on",
  start,
  async (node) => {
    node.run([
      witness("app"),
      shell("once", "exit 5", { essential: false }),
      witness("proxy", { links: ["app"] }),
      shell("brief", "until [ -e /shared/go ]; do sleep 0.05; done; exit 3", { mounts }),
    ]);
    await node.reaches("STOPPED", "once");
    await node.reaches("RUNNING");
    await until(() => log(node).length === 2);
    expect(node.ofContainer("once")).toMatchObject({ exitCode: 5 });

    writeFileSync(node.disk("/srv/shared/go"), "");
    await node.reaches("STOPPED");
    expect(node.ofContainer("brief")).toMatchObject({ exitCode: 3 });
    expect(log(node)).toEqual([
      "app started",
      "proxy started",
      "proxy TERM",
      "proxy ended",
      "app TERM",
      "app ended",
    ]);
  },
);

testOnNode(
  "a link reaches a container at any port that it listens on, and two may listen on the same one",
  start,
  async (node) => {
    const proxy = `
    const { createServer, get } = require("node:http");
    createServer((_, response) => get("http://backend:8080/", (answer) => answer.pipe(response))).listen(8080);`;
    node.addImage("registry.example/proxy:v1", {
      Dockerfile: 'FROM node:20\nCOPY proxy.js /srv/\nCMD ["node", "/srv/proxy.js"]\n',
      "proxy.js": proxy,
    });
    node.run([
      container({ ports: [], environment: { COLOR: "behind" } }),
      container({ name: "proxy", image: "registry.example/proxy:v1", links: ["app:backend"] }),
    ]);
    await until(async () => (await read(node.machines, spec.name, 80)) === "behind");
    await node.reaches("RUNNING");
    expect(node.ofContainer("app")).toMatchObject({ networkBindings: [] });
  },
);

testOnNode(
  "each container gets its image's stop signal, and SIGKILL after its own stop timeout",
  start,
  async (node) => {
    node.addImage("registry.example/usr1:v1", { Dockerfile: "FROM debian\nSTOPSIGNAL SIGUSR1\n" });
    node.run([
      witness("graceful", { image: "registry.example/usr1:v1" }),
      witness("slow", { stopTimeout: 1 }, 60),
      // The first process of a container has no default for signals; an init process hands them to one that has.
      shell("deaf", "exec sleep 60", { stopTimeout: 1 }),
      shell("heard", "exec sleep 60", { initProcess: true }),
    ]);
    await node.reaches("RUNNING");
    await until(() => log(node).length === 2);
    node.stop();
    await node.reaches("STOPPED");
    expect(log(node)).toEqual(expect.arrayContaining(["graceful USR1", "graceful ended", "slow TERM"]));
    expect(log(node)).not.toContain("slow ended");
    const codes = ["graceful", "slow", "deaf", "heard"].map((name) => node.ofContainer(name)?.exitCode);
    expect(codes).toEqual([0, 137, 137, 143]);
  },
);

testOnNode(
  "a container whose dependency can never be met ends without having run, and its task with it",
  start,
  async (node) => {
    const dependsOn = [{ containerName: "migration", condition: "SUCCESS" as const }];
    node.run([shell("migration", "exit 4", { essential: false }), witness("app", { dependsOn })]);
    await node.reaches("STOPPED");
    expect(node.ofContainer("migration")).toMatchObject({ exitCode: 4 });
    expect(node.ofContainer("app")).toEqual({
      name: "app",
      status: "STOPPED",
      health: "UNKNOWN",
      networkBindings: [],
      exitCode: 143,
      reason: expect.stringMatching(
        /^CannotStartContainerError: .*\[migration\].* did not exit successfully$/,
      ),
    });
  },
);

testOnNode("a container waits no longer than its dependency's start timeout", start, async (node) => {
  const dependsOn = [{ containerName: "app", condition: "HEALTHY" as const }];
  const never = { ...health, command: ["CMD", "false"] };
  node.run([witness("app", { healthCheck: never, startTimeout: 1 }), witness("proxy", { dependsOn })]);
  await node.reaches("STOPPED");
  expect(log(node)).toEqual(["app started", "app TERM", "app ended"]);
  expect(node.ofContainer("proxy")?.reason).toMatch(/has timed out$/);
});
