import { CreateActivationCommand } from "@aws-sdk/client-ssm";
import type { Ended } from "../../../demo/command";
import { callAsAgent } from "../stages/agent";
import { awsClients, findSite, listDroplets, nothing } from "../observation/clouds";
import { eventually } from "../jest/eventually";
import { awaitCall, names } from "../observation/journal";
import type { LifeCycle, SiteUnderTest } from "./life-cycle";
import { machineOf, nodesOf, type RegisteredNode } from "../observation/nodes";
import { reasons } from "./terraform-output";

/** A site of one node, node-1, nothing of which is applied yet. */
export interface Subject {
  readonly life: LifeCycle;
  readonly site: SiteUnderTest;
  /** Adds node-2 to the configuration. */
  readonly scaleUp: () => void;
  /** Takes it out again. */
  readonly scaleDown: () => void;
}

/** A short life of a site's nodes. @throws Error that says which promise was broken, and how */
export type NodePromise = (subject: Subject) => Promise<void>;

/** The promises of a node's life. */
export const nodePromises = {
  "a node is drained and leaves ECS, then Systems Manager, before its droplet goes": async (subject) => {
    await apply(subject);
    await endsInOrder(subject);
  },

  "a node whose gate has failed leaves in order all the same": async (subject) => {
    await keepDark(subject, "node-1");
    const { exitCode } = await subject.site.apply({ TIMEOUT_SECONDS: "0" });
    keep(exitCode === 1, "an apply ends well without its node");
    await switchOn(subject, "node-1");
    await connected(subject);
    await endsInOrder(subject);
  },

  "every registration of a node is ended, however many pages they fill": async (subject) => {
    await apply(subject);
    // More than the pages that deregistration and guard look at, should each look at one.
    await registerAgain(subject, await node(subject, "node-1"));
    await registerAgain(subject, await node(subject, "node-1"));
    mustSucceed(await subject.site.destroy());
    await nothingIsLeft(subject);
  },

  "a scale-down ends the node that goes, and no other": async (subject) => {
    subject.scaleUp();
    await apply(subject);
    const staying = await node(subject, "node-1");
    subject.scaleDown();
    await apply(subject);
    const { managedInstances, containerInstances } = await find(subject);
    keep(
      managedInstances.includes(staying.managedInstance),
      "the node that stays was taken out of Systems Manager",
    );
    keep(
      containerInstances.some(({ arn }) => arn === staying.arn),
      "the node that stays was taken out of ECS",
    );
    keep(managedInstances.length === 1, "the node that goes is left in Systems Manager");
    keep(containerInstances.length === 1, "the node that goes is left in ECS");
  },

  "access denied in clean-up stops the destroy before the droplet goes": async (subject) => {
    await apply(subject);
    const { managedInstance } = await node(subject, "node-1");
    await subject.life.cloud.admin.inject({
      match: { service: "ssm", operation: "DeregisterManagedInstance", contains: managedInstance },
      times: 1000,
      effect: { kind: "error", status: 400, code: "AccessDeniedException", message: "not allowed" },
    });
    stops(await subject.site.destroy(), "access denied");
    await nothingHasGone(subject, "managedInstances", "droplets");
  },

  "credentials of another account stop the destroy before anything goes": async (subject) => {
    await apply(subject);
    stops(await subject.site.destroy({ AWS_ACCESS_KEY_ID: "999999999999" }), "wrong account");
    await nothingHasGone(subject, "managedInstances", "containerInstances", "droplets");
  },

  "an apply ends when its node is connected, and not before": async (subject) => {
    await keepDark(subject, "node-1");
    const mark = await subject.life.mark();
    const applied = apply(subject);
    // A script that doesn't look will have ended by then.
    const looking = awaitCall(
      subject.life,
      mark,
      "DescribeInstanceInformation",
      `${subject.site.name}/node-1/`,
    );
    await Promise.race([looking, applied]);
    await switchOn(subject, "node-1");
    await applied;
    const { containerInstances } = await find(subject);
    keep(containerInstances.some(isUp), "the apply ended before its node was connected");
  },

  "what has registered although its deregistration was never made is ended after its droplet": async (
    subject,
  ) => {
    mustSucceed(await subject.site.apply({}, "-target=digitalocean_droplet.node"));
    await connected(subject);
    mustSucceed(await subject.site.destroy());
    await nothingIsLeft(subject);
  },

  "a node is replaced by taking the old one out first": async (subject) => {
    await apply(subject);
    const old = await node(subject, "node-1");
    const calls = await callsWhile(subject, old, () =>
      // Its activation has been used: the new one never registers.
      subject.site.apply({ TIMEOUT_SECONDS: "0" }, '-replace=digitalocean_droplet.node["node-1"]'),
    );
    inOrder(calls, [...ending, "POST /v2/droplets"]);
  },
} satisfies Readonly<Record<string, NodePromise>>;

const ending = [
  "UpdateContainerInstancesState",
  "DeregisterContainerInstance",
  "DeregisterManagedInstance",
  "DELETE /v2/droplets/{droplet_id}",
];

function keep(kept: boolean, broken: string): void {
  if (!kept) {
    throw new Error(`broken: ${broken}`);
  }
}

/** The requirements for looking at a promise. */
function mustSucceed(ended: Ended): void {
  if (ended.exitCode !== 0) {
    throw new Error(`Terraform failed: ${reasons(ended)}`);
  }
}

async function apply({ site }: Subject): Promise<void> {
  mustSucceed(await site.apply());
}

function stops(ended: Ended, reason: string): void {
  keep(ended.exitCode === 1, `a destroy goes on after "${reason}"`);
  keep(reasons(ended).includes(reason), `a destroy stops without saying "${reason}"`);
}

const find = ({ life, site }: Subject) => findSite(life.cloud, life.deployment, site.name);
const isUp = (instance: { status: string; connected: boolean }) =>
  instance.status === "ACTIVE" && instance.connected;

async function node({ life, site }: Subject, name: string): Promise<RegisteredNode> {
  return (await nodesOf(life, site.name))(name);
}

async function connected(subject: Subject): Promise<void> {
  await eventually(`the node of ${subject.site.name} is connected`, async () =>
    (await find(subject)).containerInstances.find(isUp),
  );
}

async function nothingIsLeft(subject: Subject): Promise<void> {
  const { managedInstances, containerInstances, droplets } = await find(subject);
  const left = [...managedInstances, ...containerInstances.map(({ arn }) => arn), ...droplets];
  keep(left.length === 0, `left behind: ${left.join(", ")}`);
}

async function nothingHasGone(subject: Subject, ...lists: (keyof typeof nothing)[]): Promise<void> {
  const found = await find(subject);
  for (const list of lists) {
    keep(found[list].length === 1, `a stopped destroy has ended ${list}`);
  }
}

async function endsInOrder(subject: Subject): Promise<void> {
  const leaving = await node(subject, "node-1");
  const calls = await callsWhile(subject, leaving, async () => {
    mustSucceed(await subject.site.destroy());
  });
  inOrder(calls, ending);
  await nothingIsLeft(subject);
}

/** The successful calls by which a node, or the droplet of one of its name, comes or goes meanwhile. */
async function callsWhile(
  { life, site }: Subject,
  { node, arn, managedInstance }: RegisteredNode,
  act: () => Promise<unknown>,
): Promise<string[]> {
  const name = `${life.deployment}--${site.name}--${node}`;
  const droplet = (await listDroplets(life.cloud, name)).find((one) => one.name === name);
  const mark = await life.mark();
  await act();
  return (await life.since(mark))
    .filter(({ kind, status = 500 }) => kind === "call" && status < 300)
    .filter(({ name: called }) => [...ending, "POST /v2/droplets"].includes(called))
    .filter((entry) => names(entry, arn, managedInstance, `"${droplet?.id}"`, `"${name}"`))
    .map(({ name: called }) => called);
}

function inOrder(calls: readonly string[], expected: readonly string[]): void {
  keep(calls.join() === expected.join(), `the order was ${calls.join(", ")}`);
}

/** Lets the machine of a node stay off when its droplet is made. */
async function keepDark({ life, site }: Subject, name: string): Promise<void> {
  await life.cloud.admin.inject({
    match: { service: "machine", operation: "boot", contains: `"${life.deployment}--${site.name}--${name}"` },
    times: 1,
    effect: { kind: "error", status: 500, code: "dark", message: "no power" },
  });
}

async function switchOn({ life, site }: Subject, name: string): Promise<void> {
  await life.cloud.admin.machine(await machineOf(life, site.name, name), "power-on");
}

/** Registers another machine as the same incarnation of a node, as one does that was made again. */
async function registerAgain({ life, site }: Subject, { node, generation }: RegisteredNode): Promise<void> {
  const { ssm, ecs } = awsClients(life.cloud);
  const tags = {
    "anywhere.deployment": life.deployment,
    "anywhere.site": site.name,
    "anywhere.node": node,
    "anywhere.generation": generation,
    "anywhere.identity": `${life.deployment}/${site.name}/${node}/${generation}`,
  };
  const activation = await ssm.send(
    new CreateActivationCommand({
      IamRole: `${life.deployment}--node`,
      RegistrationLimit: 1,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
  await callAsAgent(life.cloud, "AmazonSSM.RegisterManagedInstance", {
    ActivationId: activation.ActivationId,
    ActivationCode: activation.ActivationCode,
    Fingerprint: "another machine",
  });
  ssm.destroy();
  ecs.destroy();
}
