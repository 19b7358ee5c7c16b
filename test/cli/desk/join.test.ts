import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../../config/schema";
import type { Machine } from "../../support/bootstrap/machine";
import { checkpoint, marker, vault } from "../../support/bootstrap/refusal";
import { startDeskProject, type DeskProject } from "./desk-project";
import { sandboxServers, type SandboxServers } from "./sandbox-servers";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(240_000);

const hosts = { pasted: "root@192.0.2.2", reached: "root@192.0.2.3", full: "root@192.0.2.4" };
let servers: SandboxServers;
let desk: DeskProject;
let pasted: Machine;
let reached: Machine;
let full: Machine;

beforeAll(async () => {
  servers = sandboxServers();
  [pasted, reached, full] = [servers.add(hosts.pasted), servers.add(hosts.reached), servers.add(hosts.full)];
  full.write("free", "Avail\n 1048576\n");
  const nodes = { "rack-1": {}, "rack-2": {}, "rack-3": {}, "rack-4": {} };
  const environment: Omit<Environment, "name" | "aws"> = {
    sites: {
      berlin: { kind: "on-premises", nodes },
      ams3: { kind: "digitalocean", region: "ams3", nodes: 1 },
    },
    services: { web: { image: "registry.example/shop/app:v7" } },
    installer: { signingKey: servers.signed.fingerprint },
  };
  desk = await startDeskProject(environment);
  for (const node of ["rack-2", "rack-3", "rack-4"]) {
    desk.stage.deregister(`berlin/${node}`);
  }
  const deployed = await desk.anywhere(["deploy", "control-plane", "activations", "--auto-approve"]);
  expect(deployed).toSucceed();
  Object.keys(nodes).forEach((node) => {
    makeActivation(idOf(`berlin/${node}`));
  });
}, 600_000);

afterAll(async () => {
  await desk.close();
  servers.remove();
});

const idOf = (key: string) =>
  (desk.outputs("activations")["activation_ids"] as Readonly<Record<string, string>>)[key] ?? "";

/** Lets Systems Manager know the activation that the state has. */
function makeActivation(id: string): void {
  const { activations } = desk.stage.world.aws;
  const { ActivationId } = desk.stage.ecs.call("CreateActivation", { IamRole: "anywhere--node" }) as {
    readonly ActivationId: string;
  };
  const made = activations.get(ActivationId);
  if (made !== undefined) {
    activations.delete(ActivationId);
    activations.set(id, { ...made, id });
  }
}

/** Another activation of the same node, as its replacement makes one. */
function renewActivation(key: string, id: string): void {
  const file = join(desk.project.folder, "state", "anywhere--activations.tfstate");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(idOf(key), id));
  makeActivation(id);
}

/** Commands with the stand-in for `ssh`. */
const overSsh = (...args: readonly string[]) =>
  desk.json(args, {
    PATH: `${desk.project.programs({ ssh: servers.ssh })}:${desk.project.variables["PATH"] ?? ""}`,
  });

const code = (key: string) => `code-of-${key}`;

test("a server that AWS knows as this node is left alone", async () => {
  expect(await desk.json(["join", "berlin", "rack-1"])).toMatchObject({
    exitCode: 0,
    report: { servers: [{ node: "berlin/rack-1", host: null, state: "was already", line: null }] },
  });
});

test("the printed line makes a server a node, and holds no secret; the code is in a file that only its owner can read", async () => {
  const codeFile = join(desk.project.folder, "code");
  const args = ["join", "berlin", "rack-2"];
  expect(await desk.anywhere(args)).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("There is no terminal to show the activation code: add --code-file"),
  });
  const { exitCode, stdout, stderr } = await desk.anywhere([...args, "--code-file", codeFile]);
  expect(exitCode).toBe(0);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(statSync(codeFile).mode & 0o777).toBe(0o600);
  expect(readFileSync(codeFile, "utf8")).toBe(`${code("berlin/rack-2")}\n`);
  expect(stdout + stderr).not.toContain(code("berlin/rack-2"));
  // Neither packed.
  const [, packed = ""] = /printf %s (\S+)\|/.exec(stdout) ?? [];
  const script = execFileSync("gunzip", { input: Buffer.from(packed, "base64") }).toString();
  expect(script).toContain(`export ACTIVATION_ID='${idOf("berlin/rack-2")}'`);
  expect(script).not.toContain(code("berlin/rack-2"));

  for (const shell of ["bash", "sh"]) {
    const printed = execFileSync(shell, ["-c", stdout.trimEnd()], {
      env: servers.variables(pasted),
      input: readFileSync(codeFile),
    }).toString();
    expect(printed.trimEnd().split("\n").at(-1)).toMatch(/^anywhere: READY berlin\/rack-2 of anywhere/);
    expect(printed).not.toContain(code("berlin/rack-2"));
  }
  expect(pasted.read("installer-arguments")).toContain(code("berlin/rack-2"));
  expect(pasted.read("installer-command-line")).not.toContain(code("berlin/rack-2"));
  expect(pasted.read(marker).split("\n")[0]).toBe(idOf("berlin/rack-2"));
  // Nothing of the script is left.
  expect(pasted.list("tmp")).toEqual([]);
});

test("an existing code file isn't overwritten", async () => {
  const file = join(desk.project.folder, "taken");
  writeFileSync(file, "mine");
  const { exitCode, stderr } = await desk.anywhere(["join", "berlin", "rack-2", "--code-file", file]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("EEXIST") });
  expect(readFileSync(file, "utf8")).toBe("mine");
});

test("a file for the code is refused over SSH, where none is written", async () => {
  for (const over of [`berlin rack-2 --ssh ${hosts.reached}`, "--inventory hosts.yaml"]) {
    expect(await desk.anywhere(["join", ...over.split(" "), "--code-file", "code-2"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        "--code-file has no effect with --ssh or --inventory, since the code is sent over SSH",
      ),
    });
  }
});

test("many servers join at the same time over SSH; those that fail are reported with reasons, and as an inventory", async () => {
  const inventory = join(desk.project.folder, "hosts.yaml");
  const lines = {
    "rack-1": "root@192.0.2.1",
    "rack-2": "root@198.51.100.1",
    "rack-3": hosts.reached,
    "rack-4": hosts.full,
  };
  const yaml = Object.entries(lines).map(([node, host]) => `berlin/${node}: ${host}\n`);
  writeFileSync(inventory, yaml.join(""));
  const { exitCode, report, stderr } = await overSsh("join", "--inventory", inventory);
  expect(exitCode).toBe(1);
  expect(report).toMatchObject({
    servers: [
      { node: "berlin/rack-1", state: "was already" },
      {
        node: "berlin/rack-2",
        state: "failed",
        message: expect.stringContaining("no route to root@198.51.100.1"),
      },
      {
        node: "berlin/rack-3",
        state: "done",
        message: expect.stringMatching(/^READY berlin\/rack-3 of anywhere/),
      },
      {
        node: "berlin/rack-4",
        state: "failed",
        message: expect.stringMatching(/^FAILED machine: .*free some space$/),
      },
    ],
  });
  expect(stderr).toContain("berlin/rack-3 | anywhere: READY");
  expect(reached.read("installer-arguments")).toContain(code("berlin/rack-3"));
  expect(reached.list("tmp")).toEqual([]);
  // The arguments of ssh are in lists of processes.
  const asked = desk.project.lines("record.ssh").join("\n");
  expect(asked).toContain(`-o ServerAliveCountMax=8 -o BatchMode=yes -T ${hosts.reached}`);
  expect(asked + stderr).not.toContain("code-of-");

  const path = `${desk.project.programs({ ssh: servers.ssh })}:${desk.project.variables["PATH"] ?? ""}`;
  const { stdout } = await desk.anywhere(["join", "--inventory", inventory], { PATH: path });
  const [, again] = stdout.split("# To try again, as a file for --inventory:\n");
  expect(again).toBe(`berlin/rack-2: root@198.51.100.1\nberlin/rack-4: ${hosts.full}\n`);
  expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test("a server that AWS no longer knows needs a new activation, with which it drops its old identity and joins again", async () => {
  const used = desk.stage.world.aws.activations.get(idOf("berlin/rack-3"));
  Object.assign(used ?? {}, { registrations: 1 });
  const command = ["join", "berlin", "rack-3", "--ssh", hosts.reached];
  const refused = await overSsh(...command);
  expect(refused).toMatchObject({
    exitCode: 1,
    report: {
      servers: [
        {
          state: "failed",
          message: expect.stringContaining(
            'has been used, and no server registered with it is known: "npm run deploy -- --replace berlin/rack-3" creates a new one',
          ),
        },
      ],
    },
  });
  const old = idOf("berlin/rack-3");
  const renewed = "0a1b2c3d-0000-4000-8000-00000000000f";
  renewActivation("berlin/rack-3", renewed);
  reached.write(checkpoint, "");
  expect(await overSsh(...command)).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`leaving the registration of activation ${old}`),
  });
  expect(reached.journal).toContain("systemctl stop ecs amazon-ssm-agent");
  expect(reached.exists(checkpoint)).toBe(false);
  expect(reached.read("installer-arguments")).toContain(renewed);
  expect(reached.read(marker).split("\n")[0]).toBe(renewed);
});

test("a leaving server stops both agents for good, and loses their identity and everything of ours", async () => {
  const wrong = await overSsh("leave", "berlin", "rack-9", "--ssh", hosts.reached);
  expect(wrong).toMatchObject({
    exitCode: 1,
    report: {
      servers: [{ message: expect.stringContaining("this server is not berlin/rack-9 of anywhere") }],
    },
  });
  expect(reached.exists(vault)).toBe(true);
  reached.forget("journal");
  const credentials = "root/.aws/credentials";
  const leaves = async (time: string, own: string) => {
    reached.write(credentials, own);
    const left = await overSsh("leave", "berlin", "rack-3", "--ssh", hosts.reached);
    expect({ time, ...left }).toMatchObject({
      exitCode: 0,
      report: { servers: [{ state: "done", message: "LEFT berlin/rack-3 of anywhere" }] },
    });
    return reached.read(credentials);
  };
  // The Systems Manager agent has made the node's own; joining again would refuse them.
  const backup = "[backup]\naws_access_key_id = AKIA\n";
  expect(await leaves("first", `[default]\naws_access_key_id = ASIA\n\n${backup}`)).toBe(backup);
  const later = "[default]\naws_access_key_id = AKIA\n";
  expect(await leaves("second", later)).toBe(later);
  reached.forget(credentials);
  expect(reached.journal).toEqual(
    expect.arrayContaining([
      "systemctl disable --now ecs amazon-ssm-agent",
      "docker rm --force 0123456789ab",
      "systemctl disable anywhere-metadata.service",
      "iptables -w -D DOCKER-USER -d 169.254.169.254/32 -j REJECT",
    ]),
  );
  for (const path of [vault, marker, "etc/ecs/ecs.config", "etc/systemd/system/anywhere-metadata.service"]) {
    expect([path, reached.exists(path)]).toEqual([path, false]);
  }
  expect(reached.list("tmp")).toEqual([]);
});

test("a server that someone else has registered is left alone", async () => {
  reached.write(vault, "{}");
  expect(await overSsh("leave", "berlin", "rack-3", "--ssh", hosts.reached)).toMatchObject({
    exitCode: 1,
    report: { servers: [{ message: "FAILED leave: someone else has registered this server" }] },
  });
  expect(reached.exists(vault)).toBe(true);
  rmSync(join(reached.root, vault));
});

test("a leaving node is drained first, and the line to paste is printed", async () => {
  const timer = setInterval(() => {
    desk.stage.ecs.advance(5);
  }, 500);
  const { exitCode, report, stderr } = await desk.json(["leave", "berlin", "rack-1"]);
  clearInterval(timer);
  expect({ exitCode, report }).toMatchObject({
    exitCode: 0,
    report: {
      servers: [{ node: "berlin/rack-1", state: "to be pasted", line: expect.stringMatching(/^\(f=/) }],
    },
  });
  expect(stderr).toContain("berlin/rack-1 is draining, 0 tasks left");
  const instance = desk.stage.world.aws.containerInstances.get(
    desk.stage.node("berlin/rack-1").containerInstanceArn,
  );
  expect(instance?.status).toBe("DRAINING");
});

test.each([
  [["join", "ams3", "node-1"], "ams3/node-1 is a droplet, which joins automatically"],
  [["leave", "ams3", "node-1"], "ams3/node-1 is a droplet, which is deleted with its node"],
  [["join", "berlin", "rak-1"], "Did you mean berlin/rack-1?"],
  [["join", "berlin"], "Name a site and a node"],
  [["join", "berlin", "rack-1", "--ssh", "-oProxyCommand=x"], "It must be a host such as root@192.0.2.1."],
  [["join", "--inventory", "missing.yaml"], "missing.yaml: can't be read"],
])("%j is refused with a hint", async (args, message) => {
  const { exitCode, stderr } = await desk.anywhere(args);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(message) });
});
