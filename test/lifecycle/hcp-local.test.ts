import { DescribeClustersCommand } from "@aws-sdk/client-ecs";
import { expect, jest, test } from "@jest/globals";
import { shortWaits } from "../support/deployments/life-cycle";
import { awsClients } from "../support/observation/clouds";
import { useHcp } from "../support/stages/hcp";

jest.setTimeout(600_000);

const stage = useHcp("hcp-local", shortWaits);
const { deployment, anywhere, terraform, call, workspace } = stage;

/** A site whose servers nobody waits for: what is to be seen here needs none. */
function configure(...servers: readonly string[]): void {
  const nodes = Object.fromEntries(servers.map((name) => [name, {}]));
  stage.configure({ berlin: { kind: "on-premises", nodes } });
}

const stacks = ["control-plane", "activations", "compute-berlin"];

test("a deploy is refused while new workspaces would run remotely; once they don't, it succeeds and a diff is empty", async () => {
  configure("rack-1");
  expect(await anywhere("deploy", "--auto-approve")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/--control-plane.*mode remote/),
  });
  const attributes = { "default-execution-mode": "local" };
  await call("PATCH", "organizations/local-cloud", { data: { type: "organizations", attributes } });
  expect(await anywhere("deploy", "--auto-approve")).toSucceed();
  expect(await anywhere("diff")).toSucceed();
  for (const stack of stacks) {
    expect((await workspace(stack)).attributes).toMatchObject({ locked: false, "execution-mode": "local" });
  }
});

test("a deploy refuses a workspace that someone else has locked", async () => {
  const { id } = await workspace("activations");
  await call("POST", `workspaces/${id}/actions/lock`, { reason: "for a look" });
  configure("rack-1", "rack-2");
  expect(await anywhere("deploy", "activations", "--auto-approve")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`force-unlock local-cloud/${deployment}--activations`),
  });
  await call("POST", `workspaces/${id}/actions/unlock`);
});

test("a deploy continues from errored.tfstate when a state couldn't be stored", async () => {
  await stage.cloud.admin.inject({
    match: { service: "terraform-cloud", operation: "PUT /_archivist/v1/state/{secret}" },
    times: 1,
    effect: { kind: "error", status: 403, code: "forbidden", message: "The address has expired" },
  });
  expect((await anywhere("deploy", "activations", "--auto-approve")).exitCode).toBe(1);
  const refused = await anywhere("deploy", "--auto-approve");
  const commands = /^.* force-unlock -force .* state push errored\.tfstate && rm .*$/m.exec(refused.stderr);
  expect(commands?.[0]).toContain(`force-unlock -force local-cloud/${deployment}--activations &&`);
  await stage.shell(commands?.[0] ?? "");
  expect(await anywhere("deploy", "--auto-approve")).toSucceed();
  expect(
    Object.keys(JSON.parse(await terraform("activations", "output", "-json", "activation_ids")) as object),
  ).toEqual(["berlin/rack-1", "berlin/rack-2"]);
  expect(await anywhere("diff")).toSucceed();
});

test("a destroy leaves workspaces without resources or locks", async () => {
  expect(await anywhere("destroy", "--auto-approve")).toSucceed();
  for (const stack of stacks) {
    expect((await workspace(stack)).attributes).toMatchObject({ locked: false, "resource-count": 0 });
  }
  const { ecs } = awsClients(stage.cloud);
  const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [deployment] }));
  expect(clusters.map(({ status }) => status)).not.toContain("ACTIVE");
  ecs.destroy();
});
