import { IAMClient, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { expect, test } from "@jest/globals";
import { useAws } from "../support/stages/aws-with-moto";

const aws = useAws("123456789012");

test("a call that moto doesn't know is an error in the words of the service's protocol", async () => {
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
});
