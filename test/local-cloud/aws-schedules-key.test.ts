import { expect, test } from "@jest/globals";
import { cluster, needed, taskDefinition, useCloud } from "./aws-schedules-stage";

const cloud = useCloud();
const EcsParameters = { TaskDefinitionArn: taskDefinition, LaunchType: "EXTERNAL" };

/** The outcome of a schedule that this key encrypts, once it is due. */
async function run(KmsKeyArn: string, permissions: readonly object[]): Promise<unknown[]> {
  const RoleArn = await cloud().role([...needed, ...permissions.map((one) => ({ ...one }))]);
  const stage = cloud().scheduled({ Arn: cluster, RoleArn, EcsParameters }, { KmsKeyArn });
  stage.addNode({ site: "ams3" });
  await stage.pass(1);
  return stage.done().map(([name, detail]) => [name, detail["code"], detail["message"]]);
}

test("an encrypted schedule starts tasks only if its key is enabled and its role may decrypt with it", async () => {
  const [key, another] = [await cloud().key(), await cloud().key()];
  const mayDecrypt = { Action: "kms:Decrypt", Resource: key };
  expect(await run(key, [mayDecrypt])).toEqual([["invoked", undefined, undefined]]);
  for (const permissions of [
    [],
    [{ ...mayDecrypt, Resource: another }],
    [{ ...mayDecrypt, Action: "kms:Encrypt" }],
  ]) {
    expect(await run(key, permissions)).toEqual([
      [
        "failed",
        "AccessDeniedException",
        expect.stringContaining(`is not authorized to perform: kms:Decrypt on resource: ${key}`),
      ],
    ]);
  }
  await cloud().disable(key);
  expect(await run(key, [mayDecrypt])).toEqual([
    ["failed", "ValidationException", expect.stringContaining("Disabled")],
  ]);
});
