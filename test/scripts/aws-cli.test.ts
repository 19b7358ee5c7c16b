import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { ensurePython } from "../../local-cloud/python/environment";
import { ApiError, emptyAccount, type AwsAccount } from "../support/aws-account";
import { serveAws, type AwsEndpoint } from "../support/aws-endpoint";
import {
  activationId,
  container,
  managed,
  node,
  settings,
  startScript,
  taskArn,
} from "../support/node-script";

// What only the real AWS CLI can prove: its own paging, queries and words.
let aws: string;
let home: string;
let account: AwsAccount;
let endpoint: AwsEndpoint;

beforeAll(async () => {
  ({ aws } = await ensurePython(join(__dirname, "../../.local-cloud")));
}, 600_000);

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "aws-home-"));
  account = emptyAccount();
  endpoint = await serveAws(account);
});

afterEach(() => {
  endpoint.close();
  rmSync(home, { recursive: true });
});

const run = (script: string, overrides: Record<string, string> = {}) =>
  startScript(
    `constructs/node/${script}`,
    settings({
      PATH: `${dirname(aws)}:${process.env["PATH"] ?? ""}`,
      HOME: home,
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      NO_PROXY: "127.0.0.1",
      ...overrides,
    }),
    90,
  ).ended;
// The CLI checks their form.
const id = (number: number) => `mi-${String(number).padStart(17, "0")}`;
const operations = () => [...new Set(account.calls.map(({ operation }) => operation))];

test("the real CLI's pages, also empty ones, are read to the end by the gate and the deregistration", async () => {
  account.managed.push(
    { ...managed(id(1), node, activationId), ping: "ConnectionLost" },
    // Found by its attributes alone.
    { ...managed(id(2), node), tags: {} },
    managed(id(3), { ...node, site: "ams3" }),
  );
  const tasks = [taskArn("a"), taskArn("b")];
  account.containers.push(
    container(id(1), node),
    container(id(2), node, tasks),
    container(id(3), { ...node, site: "ams3" }),
  );
  const gate = await run("await.sh", { TIMEOUT_SECONDS: "20" });
  expect(gate).toMatchObject({
    status: 0,
    output: expect.stringContaining(`${id(2)} is Online, ci0000000000000000`),
  });

  const deregistration = await run("deregister.sh", { STALL_SECONDS: "0" });
  expect(deregistration).toMatchObject({
    status: 0,
    output: expect.stringContaining(`deregistered ${id(2)} from Systems Manager`),
  });
  expect(account.managed.map((instance) => instance.id)).toEqual([id(3)]);
  expect(account.containers.map(({ status }) => status)).toEqual(["INACTIVE", "INACTIVE", "ACTIVE"]);
  expect(account.calls.filter(({ operation }) => operation === "StopTask")).toHaveLength(2);
  expect(operations()).toContain("DeregisterManagedInstance");
}, 180_000);

test("the real CLI's words for an expired activation lead to the remedy", async () => {
  account.activations.push({ id: activationId, expired: true, registrations: 0 });
  const { status, output } = await run("await.sh", { TIMEOUT_SECONDS: "0" });
  expect(status).toBe(1);
  expect(output).toContain(`the activation ${activationId} expired before the machine used it`);
}, 30_000);

test("the real CLI's words for a call that is denied are understood", async () => {
  account.before = ({ operation }) => {
    if (operation === "DescribeInstanceInformation") {
      throw new ApiError("AccessDeniedException", "no");
    }
  };
  const { status, output } = await run("deregister.sh");
  expect(status).toBe(1);
  expect(output).toContain("FAILED: ssm describe-instance-information: access denied");
}, 30_000);

test("the real CLI's words for missing credentials are understood", async () => {
  const { status, output } = await run("deregister.sh", {
    AWS_ACCESS_KEY_ID: "",
    AWS_SECRET_ACCESS_KEY: "",
    AWS_EC2_METADATA_DISABLED: "true",
  });
  expect(status).toBe(1);
  expect(output).toContain("no valid credentials");
}, 30_000);

test("the real CLI's words for an endpoint that is unreachable are understood", async () => {
  endpoint.close();
  const { status, output } = await run("deregister.sh", { AWS_MAX_ATTEMPTS: "1" });
  expect(status).toBe(1);
  expect(output).toContain("is unreachable. Check network, proxy and region");
}, 60_000);
