import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { serveAdmin } from "../../local-cloud/admin/admin";
import type { Machines } from "../../local-cloud/machines";
import { documentedCommands } from "../support/files/documented-commands";
import { callersOf, useGateway } from "./aws-gateway-stage";

const stage = useGateway();
const { ssm } = callersOf(stage);

test("the commands in docs/local-cloud.md read the journal, inject faults and switch machines off", async () => {
  const done: string[] = [];
  const machines: Pick<Machines, "powerOff" | "console"> = {
    powerOff: (name) => Promise.resolve(void done.push(`${name} off`)),
    console: (name) => Promise.resolve(`the console of ${name}`),
  };
  const { world } = stage();
  const admin = await serveAdmin({
    world,
    machines: machines as Machines,
    seedForeign: () => ({ managedInstances: [], containerInstances: [] }),
    origin: undefined,
  });
  const shell = async (commands: string) => {
    const env = { PATH: process.env["PATH"], LOCAL_CLOUD_ADMIN: admin.url };
    return (await promisify(execFile)("bash", ["-ec", commands], { env })).stdout;
  };
  try {
    const [journal = "", fault = "", machine = ""] = documentedCommands(
      "docs/local-cloud.md",
      "Look into it, and break it",
    );
    const [inject = "", clear = ""] = fault.split(/(?=^curl .*clearFaults)/m);
    await shell(inject);
    expect(await ssm("CreateActivation", { IamRole: "node" })).toMatchObject({
      status: 400,
      body: { __type: "ThrottlingException", message: "Rate exceeded" },
    });
    expect(await ssm("CreateActivation", { IamRole: "node" })).toMatchObject({ status: 200 });
    await shell(inject);
    await shell(clear);
    expect(await ssm("CreateActivation", { IamRole: "node" })).toMatchObject({ status: 200 });
    expect(JSON.parse(await shell(journal))).toMatchObject([
      { name: "CreateActivation", status: 400 },
      { name: "CreateActivation", status: 200 },
      { name: "CreateActivation", status: 200 },
    ]);
    expect(await shell(machine)).toBe('null"the console of droplet-500000001"');
    expect(done).toEqual(["droplet-500000001 off"]);
  } finally {
    await admin.close();
  }
});
