import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import type { ContainerOrder } from "../../local-cloud/machines";
import {
  container,
  readyNode,
  shell,
  spec,
  testOnNode,
  until,
  useMachines,
  type ReadyNode,
} from "./machines-stage";

const start = useMachines();

/** Whether machines have other users than root: those of somebody else than root don't. */
const users = process.getuid?.() === 0;

const strict: Partial<ContainerOrder> = {
  readOnlyRoot: true,
  initProcess: true,
  user: "65532:65532",
  capabilities: { add: [], drop: ["ALL"] },
  noNewPrivileges: true,
};

/** The output of lines of sh in a container, by name. */
async function printed(
  node: ReadyNode,
  containers: readonly ContainerOrder[],
): Promise<Record<string, string>> {
  node.run(containers);
  await node.reaches("STOPPED");
  const id = "0123456789abcdef";
  const logOf = (name: string) => readFileSync(node.disk(`/var/log/containers/${name}-${id}.log`), "utf8");
  return Object.fromEntries(containers.map(({ name }) => [name, logOf(name)]));
}

testOnNode(
  "a container runs as its user, with only its capabilities, and writes only where it may",
  start,
  async (node) => {
    const look = `
    echo "$(id -u):$(id -g) $HOME $(pwd)"
    grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status | tr -d '\\t\\n'; echo
    for folder in / /etc /tmp /usr/bin; do touch $folder/mark && echo "wrote $folder"; done
    setpriv --reuid 33 --regid 33 --clear-groups id -u`;
    const out = await printed(node, [
      shell("standard", look, { essential: false }),
      shell("strict", look, { ...strict, essential: false }),
      shell("memory", look, {
        ...strict,
        essential: false,
        tmpfs: [{ containerPath: "/tmp", mebibytes: 8, mountOptions: [] }],
      }),
      shell("named", look, { essential: false, user: "node" }),
      shell("last", "sleep 1", { dependsOn: [{ containerName: "named", condition: "COMPLETE" }] }),
    ]);
    expect(out["standard"]).toContain("0:0 /root /app\n");
    expect(out["standard"]).toContain("CapEff:00000000a80425fbCapBnd:00000000a80425fbNoNewPrivs:0\n");
    expect(out["standard"]).toMatch(/wrote \/\nwrote \/etc\nwrote \/tmp\ntouch: .*\n/);
    expect(out["standard"]?.includes("\n33\n")).toBe(users);
    expect(out["strict"]).toContain(`${users ? "65532:65532" : "0:0"} / /app\n`);
    expect(out["strict"]).toContain("CapEff:0000000000000000CapBnd:0000000000000000NoNewPrivs:1\n");
    expect(out["strict"]).not.toContain("wrote");
    expect(out["memory"]).toContain("wrote /tmp\n");
    expect(out["named"]).toContain(`${users ? "1000:1000" : "0:0"} /home/node /app\n`);
    expect(out["named"]).toMatch(/wrote \/tmp\n/);
    expect(out["named"]?.includes("wrote /etc")).toBe(!users);
    expect(out["named"]).not.toContain("\n33\n");
  },
);

testOnNode(
  "a container sees its volumes, and nothing of its machine's files, processes and names",
  start,
  async (node) => {
    mkdirSync(node.disk("/srv/given"), { recursive: true });
    writeFileSync(node.disk("/srv/given/file"), "given");
    const volume = (containerPath: string, readOnly: boolean, hostPath?: string) => ({
      volume: "shared",
      hostPath,
      containerPath,
      readOnly,
    });
    const out = await printed(node, [
      shell("one", "cat /given/file; touch /given/mark || echo refused; echo from one >/own/file", {
        essential: false,
        mounts: [volume("/given", true, "/srv/given"), volume("/own", false)],
      }),
      shell("two", "cat /own/file; ls -A /srv /root /home; cat /proc/1/comm; hostname; cat /etc/hosts", {
        mounts: [volume("/own", false)],
        dependsOn: [{ containerName: "one", condition: "COMPLETE" }],
      }),
    ]);
    expect(out["one"]).toMatch(/^given.*Read-only file system\nrefused\n$/s);
    expect(out["two"]).toMatch(
      /^from one\n\/home:\nnode\n\n\/root:\n\n\/srv:\n(?:ba|da)?sh\n([0-9a-f]{12})\n127.0.0.1\tlocalhost\n.*172\.17\.0\.\d\t\1\n$/s,
    );
  },
);

testOnNode("a container that can't be started says why, as Docker does", start, async (node) => {
  node.run([shell("app", "true", { entryPoint: ["no-such-program"] })]);
  await node.reaches("STOPPED");
  expect(node.ofContainer("app")?.reason).toBe(
    'CannotStartContainerError: Error response from daemon: exec: "no-such-program": executable file not found in $PATH',
  );
  node.orders.length = 0;
  await until(() => node.ofContainer("app") === undefined);
  node.run([shell("app", "true", { user: "nobody-knows" })]);
  await node.reaches("STOPPED");
  expect(node.ofContainer("app")?.reason).toMatch(/unable to find user nobody-knows: no matching entries/);
});

testOnNode(
  "a health check runs in the container, as its user and with the same restrictions",
  start,
  async (node) => {
    const command = `
    test "$(id -u):$(id -g) $(pwd) $COLOR" = "${users ? "65532:65532" : "0:0"} /app blue" && ! touch /mark &&
    grep -q 'CapBnd:.0000000000000000' /proc/self/status && grep -q 'NoNewPrivs:.1' /proc/self/status &&
    curl -fsS --max-time 2 http://127.0.0.1:8080`;
    const check = { command: ["CMD-SHELL", command], interval: 0.1, timeout: 5, retries: 3, startPeriod: 10 };
    node.run([container({ ...strict, healthCheck: check })]);
    await until(() => node.ofContainer("app")?.health === "HEALTHY");
  },
);

testOnNode("the agent tells a container about itself and the others of its task", start, async (node) => {
  const ask = "curl -fsS $ECS_CONTAINER_METADATA_URI_V4; echo; curl -fsS $ECS_CONTAINER_METADATA_URI_V4/task";
  const out = await printed(node, [
    shell("other", "exit 2", { essential: false }),
    shell("app", ask, { dependsOn: [{ containerName: "other", condition: "COMPLETE" }] }),
  ]);
  const [own = "", task = ""] = (out["app"] ?? "").split("\n");
  expect(JSON.parse(own)).toMatchObject({ Name: "app", KnownStatus: expect.any(String) });
  expect(JSON.parse(task)).toMatchObject({
    TaskARN: "arn:aws:ecs:eu-central-1:000000000000:task/demo/0123456789abcdef",
    Containers: [
      { Name: "other", KnownStatus: "STOPPED", ExitCode: 2 },
      { Name: "app", Networks: [{ NetworkMode: "bridge", IPv4Addresses: ["172.17.0.3"] }] },
    ],
  });
});

testOnNode(
  "a host port carries a hundred megabytes both ways, even after the sender has closed its half",
  start,
  async (node) => {
    node.addImage("registry.example/mirror:v1", {
      Dockerfile: 'FROM node:20\nCOPY mirror.js /srv/\nCMD ["node", "/srv/mirror.js"]\n',
      "mirror.js": `
      require("node:net").createServer({ allowHalfOpen: true }, (socket) => {
        const chunks = [];
        socket.on("data", (chunk) => chunks.push(chunk));
        socket.on("end", () => socket.end(Buffer.concat(chunks)));
      }).listen(7777);`,
    });
    const ports = [
      { containerPort: 7777, hostPort: 9000 },
      { containerPort: 7777, hostPort: 0 },
    ];
    node.run([container({ image: "registry.example/mirror:v1", ports })]);
    await node.reaches("RUNNING");
    const bindings = node.ofContainer("app")?.networkBindings ?? [];
    expect(bindings).toEqual([ports[0], { containerPort: 7777, hostPort: 32_768 }]);
    const sent = randomBytes(100 * 2 ** 20);
    for (const { hostPort } of bindings) {
      const received = await eventually(async () => {
        const socket = node.machines.connect(spec.name, hostPort);
        socket.end(sent);
        return Buffer.concat((await socket.toArray()) as Buffer[]);
      });
      expect(received.equals(sent)).toBe(true);
    }
  },
);

testOnNode(
  "a container reaches its machine's host ports, and connections elsewhere fail at once",
  start,
  async (node) => {
    const out = await printed(node, [
      container({ essential: false }),
      shell(
        "client",
        `until curl -fsS http://172.17.0.1:80; do sleep 0.1; done; echo
       date +%s; curl -sS --max-time 20 http://198.51.100.1; echo "code $?"; date +%s`,
      ),
    ]);
    const [color, before, code, after] = (out["client"] ?? "").replaceAll(/^curl: .*\n/gm, "").split("\n");
    expect([color, code]).toEqual(["blue", "code 7"]);
    expect(Number(after) - Number(before)).toBeLessThan(10);
  },
);

/** The server in the container may listen a moment later than the container runs. */
async function eventually<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let left = 20; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

test("without namespaces, settings that containers can't have are refused by name", async () => {
  const node = await readyNode(await start("process"));
  node.run([shell("app", "sleep 60"), shell("proxy", "sleep 60", { links: ["app"] })]);
  await node.reaches("STOPPED");
  expect(node.ofContainer("proxy")?.reason).toMatch(
    /^CannotStartContainerError: .*container proxy needs links, and machines without namespaces have none/,
  );
}, 20_000);
