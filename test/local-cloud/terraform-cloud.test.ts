import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { owner, startTerraformCloud, type TerraformCloudStage } from "./terraform-cloud-stage";

let stage: TerraformCloudStage;

beforeEach(async () => {
  stage = await startTerraformCloud();
});

afterEach(() => stage.close());

const changed = (type: string, attributes: object) => ({ data: { type, attributes } });

test("only the user's token is accepted, and only its own organisation is shown", async () => {
  const { call, world } = stage;
  expect((await call("GET", owner, undefined, "another")).status).toBe(401);
  expect((await call("GET", owner)).data.attributes).toMatchObject({
    name: "acme",
    "default-execution-mode": "remote",
  });
  expect((await call("GET", "organizations/other/entitlement-set")).status).toBe(404);
  expect((await call("GET", `${owner}/entitlement-set`)).data.attributes).toMatchObject({ operations: true });
  expect(world.journal.map(({ service, name, status }) => [service, name, status])).toContainEqual([
    "terraform-cloud",
    "GET /api/v2/organizations/{organization}",
    401,
  ]);
});

test("calls, parameters and attributes that aren't modelled are refused", async () => {
  const { call, createWorkspace } = stage;
  expect(await call("GET", `${owner}/teams`)).toMatchObject({
    status: 501,
    errors: [{ detail: "GET /api/v2/organizations/acme/teams is not modelled by the local cloud." }],
  });
  expect((await call("GET", `${owner}/workspaces?sort=name`)).status).toBe(501);
  const id = await createWorkspace("one");
  expect(await call("PATCH", `workspaces/${id}`, changed("workspaces", { colour: "red" }))).toMatchObject({
    status: 422,
    errors: [{ detail: expect.stringContaining("colour") }],
  });
  expect((await call("PATCH", `workspaces/${id}`, changed("projects", {}))).status).toBe(422);
  expect((await call("PATCH", `workspaces/${id}`, "no JSON")).status).toBe(400);
});

test("a workspace has the organisation's execution mode, unless it has one of its own", async () => {
  const { call, createWorkspace } = stage;
  const id = await createWorkspace("one");
  const mode = async () => (await call("GET", `workspaces/${id}`)).data.attributes["execution-mode"];
  const set = (attributes: object) => call("PATCH", `workspaces/${id}`, changed("workspaces", attributes));
  expect(await mode()).toBe("remote");
  await call("PATCH", owner, changed("organizations", { "default-execution-mode": "local" }));
  expect(await mode()).toBe("local");
  const { data } = await set({ "execution-mode": "remote" });
  expect(data.attributes).toMatchObject({
    "execution-mode": "remote",
    operations: true,
    "setting-overwrites": { "execution-mode": true },
  });
  await set({ "setting-overwrites": { "execution-mode": false } });
  expect(await mode()).toBe("local");
});

test("a project sets the execution mode of its workspaces, and its name can be used only once", async () => {
  const { call, createWorkspace } = stage;
  const project = changed("projects", { name: "The shop", "default-execution-mode": "local" });
  const { data } = await call("POST", `${owner}/projects`, project);
  expect((await call("POST", `${owner}/projects`, project)).status).toBe(422);
  const found = await call("GET", `${owner}/projects?filter[names]=The%20shop`);
  expect(found.list.map(({ id }) => id)).toEqual([data.id]);
  const id = await createWorkspace("one");
  const moved = await call("PATCH", `workspaces/${id}`, {
    data: {
      type: "workspaces",
      attributes: {},
      relationships: { project: { data: { type: "projects", id: data.id } } },
    },
  });
  expect(moved.data.attributes["execution-mode"]).toBe("local");
  expect(moved.data.relationships["project"]?.data).toEqual({ type: "projects", id: data.id });
});

test("a workspace's name can be used only once, and workspaces are listed in pages", async () => {
  const { call, createWorkspace } = stage;
  for (const number of [1, 2, 3]) {
    await createWorkspace(`shop-${number}`);
  }
  const again = await call("POST", `${owner}/workspaces`, changed("workspaces", { name: "shop-1" }));
  expect(again).toMatchObject({ status: 422, errors: [{ detail: "Name has already been taken: shop-1" }] });
  const { list } = await call("GET", `${owner}/workspaces?page[size]=2&page[number]=2`);
  expect(list.map(({ attributes }) => attributes["name"])).toEqual(["shop-3"]);
  expect((await call("DELETE", `${owner}/workspaces/shop-2`)).status).toBe(204);
  expect((await call("GET", `${owner}/workspaces/shop-2`)).status).toBe(404);
});

test("variables are kept, and a sensitive value is never shown again", async () => {
  const { call, createWorkspace } = stage;
  const path = `workspaces/${await createWorkspace("one")}/vars`;
  const secret = { key: "TOKEN", value: "secret", category: "env", sensitive: true };
  const { data } = await call("POST", path, changed("vars", secret));
  await call("POST", path, changed("vars", { key: "REGION", value: "eu-west-1", category: "env" }));
  const { list } = await call("GET", path);
  expect(list.map(({ attributes }) => [attributes["key"], attributes["value"]])).toEqual([
    ["TOKEN", null],
    ["REGION", "eu-west-1"],
  ]);
  expect((await call("POST", path, changed("vars", secret))).status).toBe(422);
  expect(
    (await call("PATCH", `${path}/${data.id}`, changed("vars", { sensitive: false }))).errors[0]?.detail,
  ).toMatch(/^Sensitive can't be changed/);
  expect((await call("DELETE", `${path}/${data.id}`)).status).toBe(204);
  expect(JSON.stringify(stage.world.journal)).not.toContain("secret");
});

test("a workspace lists the workspaces that may read its state", async () => {
  const { call, createWorkspace } = stage;
  const [one, other] = [await createWorkspace("one"), await createWorkspace("other")];
  const path = `workspaces/${one}/relationships/remote-state-consumers`;
  const body = { data: [{ type: "workspaces", id: other }] };
  expect((await call("POST", path, body)).status).toBe(204);
  expect((await call("GET", path)).list.map(({ id }) => id)).toEqual([other]);
  expect((await call("PATCH", path, { data: [] })).status).toBe(204);
  expect((await call("GET", path)).list).toEqual([]);
  expect((await call("POST", path, { data: [{ type: "workspaces", id: "ws-none" }] })).status).toBe(422);
});
