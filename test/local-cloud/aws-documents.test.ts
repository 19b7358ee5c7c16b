import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "@jest/globals";
import { serveAws } from "../../local-cloud/aws/protocol/gateway";
import { listen, type LoopbackServer } from "../../local-cloud/http-server";
import { createWorld } from "../../local-cloud/world";

const received: string[] = [];
const moto = createServer((request, response) => {
  void text(request).then((body) => {
    received.push(body);
    response.end("{}");
  });
});
let gateway: LoopbackServer;

afterEach(async () => {
  received.length = 0;
  await gateway.close();
  moto.close();
});

/** A call as moto receives it. */
async function passOn(service: string, headers: Readonly<Record<string, string>>, body: string) {
  await listen(moto, { host: "127.0.0.1", port: 0 });
  const address = moto.address();
  const motoPort = typeof address === "object" && address !== null ? address.port : 0;
  gateway = await serveAws(createWorld("123456789012"), { apis: [], motoPort });
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/${service}/aws4_request, Signature=x`;
  const response = await fetch(gateway.url, { method: "POST", headers: { authorization, ...headers }, body });
  expect(response.status).toBe(200);
  return received;
}

test("IAM normalises a policy: its members are sorted, and a list of one value becomes the value", async () => {
  const policy = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["ecs:Poll"],
        Resource: ["a", "b"],
        Condition: { StringEquals: { "aws:SourceAccount": ["1"] } },
      },
    ],
  };
  const form = new URLSearchParams({
    Action: "PutRolePolicy",
    RoleName: "node",
    PolicyDocument: JSON.stringify(policy, undefined, 2),
  });
  const [body = ""] = await passOn(
    "iam",
    { "content-type": "application/x-www-form-urlencoded" },
    form.toString(),
  );
  expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
    Action: "PutRolePolicy",
    RoleName: "node",
    PolicyDocument:
      '{"Statement":[{"Action":"ecs:Poll","Condition":{"StringEquals":{"aws:SourceAccount":"1"}},"Effect":"Allow","Resource":["a","b"]}],"Version":"2012-10-17"}',
  });
});

test("ECR normalises a lifecycle policy: its members are sorted, and its whitespace is removed", async () => {
  const policy = { rules: [{ rulePriority: 1, action: { type: "expire" } }] };
  const input = { repositoryName: "shop/app", lifecyclePolicyText: JSON.stringify(policy, undefined, 2) };
  const target = { "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.PutLifecyclePolicy" };
  expect(
    (await passOn("ecr", target, JSON.stringify(input))).map((body) => JSON.parse(body) as object),
  ).toEqual([
    {
      repositoryName: "shop/app",
      lifecyclePolicyText: '{"rules":[{"action":{"type":"expire"},"rulePriority":1}]}',
    },
  ]);
});

test.each([
  ["a policy that is no JSON", "iam", {}, "Action=PutRolePolicy&PolicyDocument=%7B"],
  ["a call without a document", "iam", {}, "Action=GetRole&RoleName=node+1"],
  ["a call of another service", "ecr", { "x-amz-target": "Registry.PutImage" }, '{"imageTag": "v1"}'],
])("%s is passed on unchanged", async (_, service, headers, body) => {
  expect(await passOn(service, headers, body)).toEqual([body]);
});
