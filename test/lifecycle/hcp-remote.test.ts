import { expect, jest, test } from "@jest/globals";
import { shortWaits } from "../support/deployments/life-cycle";
import { findSite } from "../support/observation/clouds";
import { useHcp } from "../support/stages/hcp";

jest.setTimeout(900_000);

const stage = useHcp("hcp-remote");
const { deployment, anywhere, call, workspace } = stage;
const stacks = ["control-plane", "activations", "compute-ams3"];

function configure(nodes: number): void {
  stage.configure(
    { ams3: { kind: "digitalocean", region: "ams3", nodes } },
    { execution: "remote", runRoleArn: "arn:aws:iam::123456789012:role/hcp-terraform" },
  );
}

/** Gives the runs of a workspace what waits less, and what pip needs on this computer. */
async function adapt(stack: string): Promise<void> {
  const { id } = await workspace(stack);
  const pip = Object.entries(process.env).filter(([name]) => name.startsWith("PIP_"));
  for (const [key, value] of [...Object.entries(shortWaits), ...pip]) {
    const attributes = { key, value, category: "env" };
    expect((await call("POST", `workspaces/${id}/vars`, { data: { type: "vars", attributes } })).status).toBe(
      201,
    );
  }
}

test("a deploy is refused until bootstrap-state has created the workspaces, which it does once", async () => {
  configure(1);
  const refused = await anywhere("deploy", "--auto-approve");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('run "npx anywhere bootstrap-state"');
  const made = await anywhere("bootstrap-state");
  expect(made).toSucceed();
  for (const stack of stacks) {
    expect(made.stdout).toContain(`created the workspace ${deployment}--${stack}: execution mode remote\n`);
    await adapt(stack);
  }
  expect((await anywhere("bootstrap-state")).stdout).toContain(": nothing to do.");
});

test("a node is registered by runs without an AWS CLI and without the user's credentials, and then a diff is empty", async () => {
  const mark = (await stage.cloud.admin.journal(0)).length;
  const deployed = await anywhere("deploy", "--auto-approve");
  expect(deployed).toSucceed();
  expect(deployed.stdout + deployed.stderr).toContain("obtained with pip only for this project");
  expect(await findSite(stage.cloud, deployment, "ams3")).toMatchObject({
    managedInstances: [expect.any(String)],
    containerInstances: [{ node: "node-1" }],
    droplets: [`${deployment}--ams3--node-1`],
  });
  const made = (await stage.cloud.admin.journal(mark)).flatMap((entry) =>
    entry.kind === "call" && entry.name === "CreateCluster" ? [entry.principal] : [],
  );
  expect(made).toHaveLength(1);
  expect(made).not.toContain("local-cloud");
  expect(await anywhere("diff")).toSucceed();
});

test("remote runs add a second node", async () => {
  configure(2);
  expect(await anywhere("deploy", "activations", "compute-ams3", "--auto-approve")).toSucceed();
  expect(
    (await findSite(stage.cloud, deployment, "ams3")).containerInstances.map(({ node }) => node),
  ).toEqual(["node-1", "node-2"]);
});

test("a destroy deregisters every node by remote runs, and leaves no resources or locks", async () => {
  const mark = (await stage.cloud.admin.journal(0)).length;
  expect(await anywhere("destroy", "--auto-approve")).toSucceed();
  const calls = (await stage.cloud.admin.journal(mark)).map(({ name }) => name);
  expect(calls.filter((name) => name === "DeregisterContainerInstance")).toHaveLength(2);
  expect(calls.filter((name) => name === "DeregisterManagedInstance")).toHaveLength(2);
  for (const stack of stacks) {
    expect((await workspace(stack)).attributes).toMatchObject({ locked: false, "resource-count": 0 });
  }
});
