import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { RollbackReport } from "../../cli/report/schemas/rollback-report";
import type { Environment } from "../../config/schema";
import { rate } from "../support/deployments/bad-deploy";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { operatorOf, type Operator } from "../support/deployments/operator";
import { sample } from "../support/deployments/sample-environment";
import { awaitAnswers, bringUp, loadableSite, readPage, underLoad } from "../support/deployments/site-load";
import { edited } from "../support/files/exact-edit";

const sites = { pair: loadableSite("one", "two") };
const source = mkdtempSync(join(tmpdir(), "rolled-back-"));
const build = join(source, "app");
const environment: Partial<Environment> = {
  images: { app: { build } },
  services: { web: sample({ image: "app" }) },
};
let life: LifeCycle;
let operator: Operator;

beforeAll(async () => {
  write("one");
  life = await startLifeCycle({ name: "rolled-back", sites, environment });
  operator = operatorOf(life, environment);
  operator.configure(sites);
  await bringUp(life, { pair: 2 });
  write("two");
  life.configure({});
  expect(await life.web.apply()).toSucceed();
}, 900_000);

afterAll(async () => {
  rmSync(source, { recursive: true });
  await life.stop();
});

/** Makes the sample's sources those of a version that names itself on its page, unless it ends at once. */
function write(version: string, { crashes = false } = {}): void {
  rmSync(build, { recursive: true, force: true });
  cpSync("app", build, { recursive: true });
  const path = join(build, "server.js");
  const naming = {
    from: "answer(response, status, body, headers);",
    to: `answer(response, status, { ...body, version: "${version}" }, headers);`,
  };
  const start = crashes ? "process.exit(1);\n" : "";
  writeFileSync(path, `${start}${edited(readFileSync(path, "utf8"), [naming])}`);
}

/** The service's images as `rollback` sees them, the newest first. */
async function images(): Promise<RollbackReport["images"]> {
  const { stdout } = await anywhere("rollback", "web", "--list", "--json");
  return (JSON.parse(stdout) as RollbackReport).images;
}

const anywhere: Operator["anywhere"] = (...args) => operator.anywhere(...args);

async function versions(): Promise<readonly string[]> {
  await awaitAnswers(life, "pair", 2);
  return [...new Set((await readPage(life, "pair", 8)).map(({ version }) => version))];
}

test("a service rolls back to the previous image under load, stays there when another fails, and rolls forward with the next one", async () => {
  expect(await versions()).toEqual(["two"]);
  const { loads, result } = await underLoad(life, { pair: rate }, () =>
    anywhere("rollback", "web", "--auto-approve"),
  );
  expect(result).toSucceed();
  expect(loads.pair).toMatchObject({ failures: [], failed: 0 });
  expect(await versions()).toEqual(["one"]);

  const built = await images();
  expect(built).toMatchObject([{ deployed: false }, { deployed: true }]);

  const stays = expect.stringContaining(
    `web stays at the image ${built[1]?.tag ?? ""}, to which it was rolled back`,
  );
  expect(await anywhere("diff", "service-web")).toMatchObject({ exitCode: 0, stderr: stays });

  write("three", { crashes: true });
  expect(await anywhere("deploy", "service-web", "--auto-approve")).toMatchObject({ exitCode: 1 });
  expect(await images()).toMatchObject([
    { deployed: false, failed: true },
    { deployed: false, failed: false },
    { deployed: true, failed: false },
  ]);
  write("two");
  // It is to return from the revision that failed, which Terraform has made.
  expect(await anywhere("diff", "service-web")).toMatchObject({ exitCode: 2, stderr: stays });

  write("four");
  const forward = await anywhere("deploy", "service-web", "--auto-approve");
  expect(forward).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(
      `web was rolled back to the image ${built[1]?.tag ?? ""}, and rolls forward to `,
    ),
  });
  expect(await versions()).toEqual(["four"]);
  expect(await life.web.outputs()).toMatchObject({ rolled_back: "" });

  expect(await anywhere("rollback", "web", "--auto-approve", "--to", "0000000000000000")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("ECR has no image 0000000000000000 of web, or no longer has it"),
  });
}, 900_000);
