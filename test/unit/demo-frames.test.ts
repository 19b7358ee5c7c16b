import { expect, test } from "@jest/globals";
import { screenOf } from "../../cli/report/screen";
import type { FleetTask } from "../../cli/fleet/fleet";
import { farewell, introduction } from "../../demo/show/frame";
import { leftText } from "../../demo/show/left";
import { loadPicture } from "../../demo/show/load";
import { nodesPicture, type ShownNode } from "../../demo/show/nodes";
import { together } from "../../demo/show/picture";
import { revisionsPicture } from "../../demo/show/revisions";
import { changeToldBy, stacksPicture } from "../../demo/show/stacks";
import { endedStep, runningStep } from "../../demo/show/story";
import { plainTeller } from "../../demo/show/plain-teller";
import { bootStep } from "../../demo/watch/watch";
import { node, task } from "../support/observation/sample-fleet";

const plain = screenOf({ isTTY: false }, {});
const coloured = screenOf({ isTTY: true, columns: 120 }, {});

/** Lines as they stand below each other. */
const lines = (...all: readonly string[]): string => all.join("\n");

const serving: ShownNode = { ...node, boot: "ready" };
const booting: ShownNode = {
  ...node,
  node: "node-2",
  machine: { id: "2", status: "active" },
  managedInstance: null,
  containerInstance: null,
  tasks: [],
  backends: [],
  boot: "signature",
};
const planned: ShownNode = { ...booting, node: "node-3", machine: null, boot: undefined };

const old: FleetTask = { ...task, revision: "shop--web--ams3:1" };
const fresh: FleetTask = { ...task, revision: "shop--web--ams3:2", health: "UNKNOWN" };

test("nodes are shown on their way from a droplet to a node that serves", () => {
  expect(nodesPicture([serving, booting, planned]).draw(plain)).toBe(
    lines(
      "NODE    DROPLET  BOOT       SSM     ECS     TASKS   BALANCED",
      "node-1  active   ready      Online  ACTIVE  1 of 1  web",
      "node-2  active   signature  -       -       -       -",
      "node-3  -        -          -       -       -       -",
    ),
  );
  expect(nodesPicture([serving, booting, planned]).facts).toEqual([
    "node-1 droplet active",
    "node-1 has booted",
    "node-1 Systems Manager: Online",
    "node-1 ECS: ACTIVE",
    "node-1 runs web:3",
    "node-1 serves web behind its load balancer",
    "node-2 droplet active",
    "node-2 boots: signature",
  ]);
  expect(nodesPicture([]).draw(plain)).toBe("");
});

test("tasks of a service are shown by revision and node while one revision replaces the other", () => {
  const first = { ...serving, tasks: [old, fresh, { ...task, of: "api" }, { ...task, byHand: true }] };
  const second = { ...booting, tasks: [{ ...old, status: "DEACTIVATING" }] };
  const { draw, facts } = revisionsPicture("web", [first, second]);
  expect(draw(plain)).toBe(
    lines("REVISION  node-1    node-2", "web:1     healthy   deactivating", "web:2     starting  -"),
  );
  expect(facts).toEqual([
    "web:1 on node-1: healthy",
    "web:2 on node-1: starting",
    "web:1 on node-2: deactivating",
  ]);
  expect(revisionsPicture("web", [booting]).draw(plain)).toBe("");
});

test("a load is shown with its rate and its failures, and failures are also reported without pictures", () => {
  expect(loadPicture(undefined).draw(plain)).toBe("");
  const well = loadPicture({ requests: 12345, failed: 0, rate: 119.6 });
  expect(well.draw(plain)).toBe("12,345 requests, 120 a second, 0 failed");
  expect(well.changes).toEqual([]);
  const badly = loadPicture({ requests: 1000, failed: 2, rate: 60 });
  expect(badly.draw(plain)).toBe("1,000 requests, 60 a second, 2 failed");
  expect(badly.draw(coloured)).toContain("\u001b[31m2 failed\u001b[39m");
  expect(badly.changes).toEqual(["2 of 1,000 requests failed"]);
});

test("a result that is wider than the screen continues on the next line", () => {
  const result = () => "web: 3,145 requests, 60 a second, none failed; 4 other tasks untouched";
  expect(endedStep({ title: "Update", seconds: 35, ended: "well", result }, plain)).toBe(
    lines(
      "✔    35 s  Update",
      "           web: 3,145 requests, 60 a second, none failed; 4 other tasks",
      "           untouched",
    ),
  );
});

test("stacks are shown as Terraform completes them, as read from the output of a deploy or a destroy", () => {
  const told = [
    "control-plane | Apply complete! Resources: 56 added, 0 changed, 0 destroyed.",
    "jobs          | Apply complete! Resources: 0 added, 1 changed, 6 destroyed.",
    "activations   | Destroy complete! Resources: 2 destroyed.",
    "service-web   | Apply complete! Resources: 0 added, 0 changed, 0 destroyed.",
    "control-plane | aws_ecs_cluster.cluster: Creating...",
  ].flatMap((line) => {
    const change = changeToldBy(line);
    return change === undefined ? [] : [change];
  });
  const { draw, changes } = stacksPicture(new Map(told));
  expect(changes).toEqual([
    "control-plane: 56 added",
    "jobs: 1 changed, 6 destroyed",
    "activations: 2 destroyed",
    "service-web: nothing to change",
  ]);
  expect(draw(plain)).toBe(
    lines(
      "control-plane (56 added), jobs (1 changed, 6 destroyed), activations (2",
      "destroyed), service-web (nothing to change)",
    ),
  );
});

test("a running step shows its seconds, its picture and the steps that follow", () => {
  const picture = together([stacksPicture(new Map()), nodesPicture([booting]), loadPicture(undefined)]);
  const step = { title: "Scale to three nodes", seconds: 7, picture, next: ["Destroy everything"] };
  expect(runningStep(step, plain)).toBe(
    lines(
      "▸     7 s  Scale to three nodes",
      "           NODE    DROPLET  BOOT       SSM  ECS  TASKS  BALANCED",
      "           node-2  active   signature  -    -    -      -",
      "·          Destroy everything",
    ),
  );
});

test("a finished step shows its time and its result, in the whole width if it needs that", () => {
  const result = () => "one\n\ntwo";
  const step = { title: "Destroy everything", seconds: 9.44, ended: "well", result } as const;
  expect(endedStep(step, plain)).toBe(
    lines("✔   9.4 s  Destroy everything", "           one", "", "           two"),
  );
  expect(endedStep({ ...step, seconds: 63.7, wide: true }, plain)).toBe(
    lines("✔    64 s  Destroy everything", "  one", "", "  two"),
  );
  const badly = { ...step, ended: "badly", result: () => "" } as const;
  expect(endedStep(badly, coloured)).toBe(
    "\u001b[31m✖\u001b[39m   9.4 s  \u001b[1mDestroy everything\u001b[22m",
  );
});

const foreign = { managedInstances: ["a", "b", "c"], containerInstances: ["d", "e"] };

test("what is left is counted beside what belongs to somebody else", () => {
  const left = { resources: 0, droplets: 0, managedInstances: 1, containerInstances: 0 };
  const before = { managedInstances: 3, containerInstances: 2 };
  const there = { managedInstances: 3, containerInstances: 1 };
  expect(leftText("shop", left, { before, there }, plain)).toBe(
    lines(
      "LEFT                             shop  somebody else",
      "resources in states              0     -",
      "droplets                         0     -",
      "registered with Systems Manager  1     3 of 3",
      "registered with ECS              0     1 of 2",
    ),
  );
  expect(leftText("shop", left, { before, there }, coloured)).toContain("\u001b[31m1 of 2\u001b[39m");
});

test("the demo begins with what is emulated, real and somebody else's, and ends with its time and logs", () => {
  const begun = introduction(
    foreign,
    { log: "demo/commands.log", sandboxReason: "unshare is missing" },
    plain,
  );
  expect(begun).toBe(
    lines(
      "emulated  AWS and DigitalOcean, only on this computer: no account, nothing to",
      "          pay",
      "real      Terraform and its plans, the set-up of nodes, containers, every",
      "          request; nodes are plain processes, since unshare is missing",
      "not ours  somebody else has 3 machines registered in the same account and",
      "          region, 2 of them as ECS nodes: they must still be there at the end",
      "log       demo/commands.log: all output of the commands",
      "",
    ),
  );
  const steps = [{ seconds: 100.2 }, { seconds: 30 }];
  expect(farewell({ proven: "Proven.", log: "commands.log", journal: "journal.json", steps }, plain)).toBe(
    lines(
      "",
      "time     2 min 10 s",
      "log      commands.log: all output of the commands",
      "journal  journal.json: every call that the clouds have received",
      "",
      "Proven.",
    ),
  );
});

test.each([
  ["nothing", "", undefined],
  ["a step", "anywhere: settings\nSetting up curl ...\nanywhere: packages\n", "packages"],
  ["a node", "anywhere: agent\nanywhere: READY ams3/node-1 of shop\n", "ready"],
  ["a failure", "anywhere: signature\nanywhere: FAILED signature: refused\n", "FAILED signature"],
])("the step of a boot is read from a console that shows %s", (_, console, step) => {
  expect(bootStep(console)).toBe(step);
});

test("without a terminal, a fact is printed once, and a step's change once in each step", () => {
  const written: string[] = [];
  const stream = {
    isTTY: false,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream;
  const teller = plainTeller(stream);
  const picture = together([
    stacksPicture(new Map([["jobs", "1 added, 0 changed, 0 destroyed"]])),
    revisionsPicture("web", [{ ...serving, tasks: [old] }]),
  ]);
  for (const title of ["Deploy", "Scale"]) {
    teller.begin(title, []);
    teller.show(picture);
    teller.show(picture);
  }
  expect(written.join("")).toBe(
    lines("Deploy …", "  jobs: 1 added", "  web:1 on node-1: healthy", "Scale …", "  jobs: 1 added", ""),
  );
});
