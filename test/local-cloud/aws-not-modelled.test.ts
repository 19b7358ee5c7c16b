import { IAMClient, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { expect, test } from "@jest/globals";
import { useAws } from "../support/stages/aws-with-moto";

const aws = useAws("123456789012");

test("a call that moto fails to serve is an error in the service's protocol, and is in the journal", async () => {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const iam = new IAMClient({ region: "us-east-1", endpoint: aws().url, credentials, maxAttempts: 1 });
  const PolicySourceArn = "arn:aws:iam::123456789012:user/somebody";
  const call = new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: ["ecs:ListClusters"] });
  await expect(iam.send(call)).rejects.toMatchObject({
    name: "InternalFailure",
    message:
      "The local cloud does not model iam SimulatePrincipalPolicy as it was called, or moto failed at it.",
  });
  iam.destroy();
  expect(aws().world.journal).toMatchObject([
    { kind: "call", service: "iam", name: "SimulatePrincipalPolicy", status: 500, principal: "test" },
  ]);
});
