import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  announcement,
  startTerraformCloud,
  stateText,
  upload,
  type TerraformCloudStage,
} from "./terraform-cloud-stage";

let stage: TerraformCloudStage;
let id: string;

beforeEach(async () => {
  stage = await startTerraformCloud();
  id = await stage.createWorkspace("one");
});

afterEach(() => stage.close());

const act = (action: string) => stage.call("POST", `workspaces/${id}/actions/${action}`);
const announce = (text: string, more?: object) =>
  stage.call("POST", `workspaces/${id}/state-versions`, announcement(text, more));

test("a workspace has one lock at a time, which can be broken by force", async () => {
  expect((await act("unlock")).status).toBe(409);
  expect((await act("lock")).data.attributes["locked"]).toBe(true);
  expect(await act("lock")).toMatchObject({
    status: 409,
    errors: [{ detail: expect.stringContaining("already locked by User local-cloud") }],
  });
  expect((await act("force-unlock")).data.attributes["locked"]).toBe(false);
  expect((await act("force-unlock")).status).toBe(409);
});

test("a state is accepted only from the holder of the lock, and only if it follows the current one", async () => {
  const first = stateText(5);
  expect(await announce(first)).toMatchObject({
    status: 409,
    errors: [{ detail: expect.stringMatching(/locked by you/) }],
  });
  await act("lock");
  expect((await stage.call("GET", `workspaces/${id}/current-state-version`)).status).toBe(404);
  expect((await upload(stage, id, first)).status).toBe(200);
  expect((await announce(stateText(5))).errors[0]?.detail).toMatch(/^The serial 5 isn't greater/);
  expect((await announce(stateText(6, {}, "another"))).errors[0]?.detail).toMatch(/^The lineage another/);
  expect((await announce(stateText(4), { force: true })).status).toBe(201);
});

test("a state that isn't the announced one is refused, and the lock stays until the right one arrives", async () => {
  await act("lock");
  const { data } = await announce(stateText(1));
  const url = String(data.attributes["hosted-state-upload-url"]);
  const refused = await stage.call("PUT", url, stateText(2), "");
  expect(refused).toMatchObject({
    status: 422,
    errors: [{ detail: expect.stringMatching(/^The MD5 of the state/) }],
  });
  expect((await act("unlock")).errors[0]?.detail).toMatch(/state version is still pending$/);
  expect((await stage.call("PUT", url, stateText(1), "")).status).toBe(200);
  expect((await act("unlock")).status).toBe(200);
});

test("an upload that a fault hits leaves the state unchanged, and the next one succeeds", async () => {
  await stage.writeState(id, 1);
  stage.world.faults.push({
    match: { service: "terraform-cloud", operation: "PUT /_archivist/v1/state/{secret}" },
    times: 1,
    effect: { kind: "error", status: 403, code: "forbidden", message: "The address has expired" },
  });
  await act("lock");
  expect((await upload(stage, id, stateText(2))).status).toBe(403);
  const current = await stage.call("GET", `workspaces/${id}/current-state-version`);
  expect(current.data.attributes).toMatchObject({ serial: 1, status: "finalized" });
  expect((await upload(stage, id, stateText(2))).status).toBe(200);
});

test("every version of a state is kept, and sensitive outputs are handed over one by one", async () => {
  const outputs = {
    name: { value: "shop", type: "string" },
    code: { value: { a: "secret" }, type: ["map", "string"], sensitive: true },
  };
  await stage.writeState(id, 1);
  await stage.writeState(id, 2, outputs);
  expect(
    readdirSync(join(stage.directory, "cloud", "states", "one")).map((file) => file.slice(0, 6)),
  ).toEqual(["000001", "000002"]);
  const { list } = await stage.call("GET", `workspaces/${id}/current-state-version-outputs`);
  expect(list.map(({ attributes }) => attributes)).toEqual([
    { name: "name", sensitive: false, type: "string", "detailed-type": "string", value: "shop" },
    { name: "code", sensitive: true, type: "object", "detailed-type": ["map", "string"], value: null },
  ]);
  const one = await stage.call("GET", `state-version-outputs/${list[1]?.id ?? ""}`);
  expect(one.data.attributes["value"]).toEqual({ a: "secret" });
  const current = await stage.call("GET", `workspaces/${id}/current-state-version`);
  expect(
    (await stage.call("GET", String(current.data.attributes["hosted-state-download-url"]))).data,
  ).toEqual(JSON.parse(stateText(2, outputs)));
});
