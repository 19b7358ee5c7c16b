import type { IncomingMessage } from "node:http";
import { expect, test } from "@jest/globals";
import { operationName } from "../../local-cloud/aws/moto/operation-name";

test.each([
  ["a target", "logs", { headers: { "x-amz-target": "Logs_20140328.CreateLogGroup" } }, "CreateLogGroup"],
  ["a form", "iam", { body: "Action=CreateRole&RoleName=a" }, "CreateRole"],
  ["a path", "monitoring", { url: "/service/Granite/operation/PutDashboard" }, "PutDashboard"],
  ["an object", "s3", { method: "PUT", url: "/states/shop--jobs.tfstate?x-id=PutObject" }, "PutObject"],
  ["a list", "s3", { method: "GET", url: "/states?list-type=2&prefix=a" }, "ListObjects"],
  ["a bucket", "s3", { method: "HEAD", url: "/states" }, "HeadBucket"],
  ["a part of a bucket", "s3", { method: "PUT", url: "/states?versioning" }, "PutBucket versioning"],
  ["nothing", "iam", { url: "/", method: "GET" }, "GET /"],
] as const)("the operation of a request to moto is read from %s", (_, service, request, name) => {
  const { body, ...rest } = { body: undefined, ...request };
  expect(operationName(service, { headers: {}, ...rest } as IncomingMessage, body)).toBe(name);
});
