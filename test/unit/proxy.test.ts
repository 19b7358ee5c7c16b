import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { containersAt, variableOf, type ContainerJson } from "../support/synthesis/containers";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { testOfHaproxy } from "../support/jest/haproxy";
import { stackOf, synth } from "../support/synthesis/synth";

const api = containersAt(stackOf(synth(threeSites), "service-api"), "ams3");
const plain = containersAt(
  stackOf(
    synth({ ...oneSite, services: { web: { image: oneSite.services.web.image, http: { port: 80 } } } }),
    "service-web",
  ),
  "ams3",
);

const proxyOf = (containers: readonly ContainerJson[]): ContainerJson => {
  const proxy = containers.find(({ name }) => name === "proxy");
  if (proxy === undefined) {
    throw new Error("there is no proxy");
  }
  return proxy;
};

test("only the proxy holds the node's port, and the app is reached by a link", () => {
  expect(api).toMatchObject([
    { name: "app", essential: true, portMappings: [] },
    {
      name: "proxy",
      essential: true,
      image: "public.ecr.aws/docker/library/haproxy:3.2",
      cpu: 64,
      memory: 128,
      portMappings: [{ containerPort: 8080, hostPort: 3001, protocol: "tcp" }],
      links: ["app"],
      readonlyRootFilesystem: true,
      linuxParameters: { capabilities: { add: [], drop: ["ALL"] }, tmpfs: [{ containerPath: "/tmp" }] },
      // For 2,000 connections, whatever the node's own limit is.
      ulimits: [{ name: "nofile", softLimit: 8192, hardLimit: 8192 }],
    },
  ]);
  expect(variableOf(proxyOf(api), "CONFIGURATION")).toContain("backend app\n  server app app:8080\n");
});

test("another proxy image is used at every site of every service, and changes nothing else", () => {
  const image = `registry.example/mirror/haproxy@sha256:${"a".repeat(64)}`;
  const services = {
    ...threeSites.services,
    worker: { ...threeSites.services.worker, http: { port: 3002, loadBalancer: false as const } },
  };
  const [usual, other] = [{}, { proxy: { image } }].map((proxy) =>
    JSON.stringify(synth({ ...threeSites, services, ...proxy })),
  );
  const parts = usual?.split("public.ecr.aws/docker/library/haproxy:3.2") ?? [];
  // `api` at ams3 and fra1, `worker` at ams3 and berlin; `web` hands over by itself.
  expect(parts).toHaveLength(5);
  expect(other).toBe(parts.join(image));
});

test("ECS starts the proxy after the app, and waits until the app is healthy if it has a health check", () => {
  expect(api[1]).toMatchObject({ dependsOn: [{ containerName: "app", condition: "HEALTHY" }] });
  expect(api[0]).toMatchObject({ healthCheck: { command: ["CMD", "node", "--version"] } });
  expect(plain[1]).toMatchObject({ dependsOn: [{ containerName: "app", condition: "START" }] });
  expect(plain[0]).not.toHaveProperty("healthCheck");
});

test("the proxy goes on serving as a lame duck, and has longer than that to stop", () => {
  // Every 5 s, two failed checks, and what DigitalOcean takes to see them; 20 s for the requests that are under way.
  const configuration = variableOf(proxyOf(api), "CONFIGURATION");
  expect(configuration).toContain("  grace 18s\n  hard-stop-after 20s\n");
  expect(configuration).toContain(
    "  monitor-uri /.anywhere/health\n  monitor fail if { stopping } || { nbsrv(health) lt 1 }\n",
  );
  // The app's own path is asked by the proxy alone, so that a page may have it.
  expect(configuration).toContain("  http-check send meth GET uri /up ver HTTP/1.1 hdr Host localhost\n");
  expect(api.map(({ stopTimeout }) => stopTimeout)).toEqual([20, 41]);
});

test("the proxy reports itself healthy once the load balancer has had time to bring it into service", () => {
  const [, , , script = ""] = api[1]?.healthCheck?.command ?? [];
  expect(api[1]?.healthCheck).toMatchObject({ startPeriod: 78 });
  expect(script).toContain("/dev/tcp/127.0.0.1/8080");
  expect(script).toContain("'/.anywhere/health'");
  expect(script).toContain(" + 18 - ");
  expect(() => execFileSync("bash", ["-n", "-c", script])).not.toThrow();
});

testOfHaproxy("HAProxy accepts the configuration of every proxy", () => {
  const folder = mkdtempSync(join(tmpdir(), "haproxy-"));
  try {
    const file = join(folder, "haproxy.cfg");
    for (const containers of [api, plain]) {
      const configuration = variableOf(proxyOf(containers), "CONFIGURATION") ?? "";
      // No link's name is known here.
      writeFileSync(file, configuration.replaceAll(/server app app:/g, "server app 127.0.0.1:"));
      expect(() => execFileSync("/usr/sbin/haproxy", ["-c", "-f", file], { stdio: "pipe" })).not.toThrow();
    }
    writeFileSync(file, "global\n  nonsense\n");
    expect(() => execFileSync("/usr/sbin/haproxy", ["-c", "-f", file], { stdio: "pipe" })).toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
