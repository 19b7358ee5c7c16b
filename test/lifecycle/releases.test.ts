import { mkdirSync, openSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { mustRun } from "../../demo/command";
import { Project } from "../../demo/project";
import { startLocalCloud, type LocalCloud } from "../../local-cloud/start";
import { awsClients, findSite, listDroplets, listManagedInstances } from "../support/observation/clouds";
import { shortWaits } from "../support/deployments/life-cycle";
import { layOut, recordedReleases, releasedEnvironment } from "../support/synthesis/releases";

jest.setTimeout(600_000);

const directory = resolve(".local-cloud/tests/releases");
const order = ["control-plane", "activations", "compute-ams3", "compute-berlin", "application"];

let cloud: LocalCloud;

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const started = await startLocalCloud({
    directory,
    args: ["--image", "localhost/anywhere/app:v1=app"],
    output: openSync(join(directory, "cloud.log"), "w"),
  });
  cloud = { ...started, variables: { ...started.variables, ...shortWaits } };
}, 300_000);

afterAll(() => cloud.stop());

describe.each(recordedReleases())("a deployment of release %s", (version) => {
  const folder = join(directory, version);
  const states = join(folder, "states");
  let project: Project;

  beforeAll(async () => {
    project = new Project(cloud, folder);
    // The site has a VPC of its own, which must not be the region's first.
    await createVpc();
    layOut(version, join(folder, "released"), states);
    for (const stack of order) {
      await terraform(stack, "init", "-input=false", "-no-color");
      await terraform(stack, "apply", "-auto-approve", "-input=false", "-no-color");
    }
  }, 600_000);

  const createVpc = async () => {
    const answer = await fetch(`${cloud.environment["DIGITALOCEAN_API_URL"] ?? ""}/v2/vpcs`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${cloud.environment["DIGITALOCEAN_TOKEN"] ?? ""}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ name: `default-${version}`, region: "ams3" }),
    });
    expect(answer.status).toBe(201);
  };
  const terraform = (stack: string, ...args: readonly string[]) =>
    mustRun({
      program: cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform",
      args,
      folder: join(folder, "released", "stacks", stack),
      variables: cloud.variables,
      log: join(folder, "released.log"),
      seconds: 480,
    });

  test("keeps every node, and its registration, when the present release is deployed over it", async () => {
    const before = await findSite(cloud, "released", "ams3");
    expect(before.containerInstances.map(({ node }) => node)).toEqual(["web-1", "web-2"]);
    const activations = await terraform("activations", "output", "-json", "activation_ids");
    const mark = (await cloud.admin.journal(0)).length;
    project.configure(releasedEnvironment(states));
    expect(await project.anywhere("deploy", "--auto-approve")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("The application of an earlier release is no longer in"),
    });
    // As CHANGELOG.md says.
    await terraform("application", "destroy", "-auto-approve", "-input=false", "-no-color");
    await project.mustAnywhere("deploy", "--auto-approve");
    expect(await findSite(cloud, "released", "ams3")).toEqual(before);
    expect(await terraform("activations", "output", "-json", "activation_ids")).toBe(activations);
    expect(await project.anywhere("diff")).toSucceed();
    const calls = (await cloud.admin.journal(mark)).map(({ name }) => name);
    expect(calls.filter((name) => /^(Create|Delete)Repository$/.test(name))).toEqual([]);
  });

  test("is destroyed by the present release, with every node deregistered", async () => {
    const mark = (await cloud.admin.journal(0)).length;
    await project.mustAnywhere("destroy", "--auto-approve");
    const calls = (await cloud.admin.journal(mark)).map(({ name }) => name);
    expect(calls.filter((name) => name === "DeregisterContainerInstance")).toHaveLength(2);
    const { ssm, ecs } = awsClients(cloud);
    const registered = await listManagedInstances(ssm, [
      { Key: "tag:anywhere.deployment", Values: ["released"] },
    ]);
    ssm.destroy();
    ecs.destroy();
    expect(registered).toEqual([]);
    expect(await listDroplets(cloud, "released--")).toEqual([]);
    for (const stack of order) {
      expect(await terraform(stack, "state", "list")).toBe("");
    }
  });
});
