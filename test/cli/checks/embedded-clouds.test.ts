import { expect, test } from "@jest/globals";
import { embeddedCloudProblems } from "../../../cli/checks/embedded-clouds";
import { useDesk } from "./undertaking";

const desk = useDesk();

const limits = { ANYWHERE_NODE_REGION: "eu-west-1", ANYWHERE_LOWEST_PORT: "1024" };
const elsewhere = { aws: { region: "us-east-1", accountId: "111122223333" } };
const aws = { region: "eu-west-1", accountId: "111122223333" };

/** The problems of a deploy in the shell of clouds with these limits. */
const problems = (over: Partial<Parameters<ReturnType<typeof desk>["undertake"]>[0]> = {}) =>
  embeddedCloudProblems(
    desk().undertake({ stacks: ["compute-ams3"], variables: limits, environment: elsewhere, ...over }),
  );

const regionProblem =
  "the local cloud of this shell registers nodes only in eu-west-1, and environment.json says aws.region us-east-1: set it to " +
  "eu-west-1 there";
const portProblem =
  "the local cloud of this shell can't listen on ports below 1024, since root didn't start it, and services.web of " +
  'environment.json has a listener on 80: set its http.loadBalancer.listeners to [{ protocol: "http", port: 8080 }] there';

test("a deploy to embedded clouds is refused with the region and the port to set", async () => {
  expect(await problems()).toEqual([regionProblem, portProblem]);
});

test("embedded clouds that root started accept ports below 1024", async () => {
  expect(await problems({ variables: { ANYWHERE_NODE_REGION: "eu-west-1" } })).toEqual([regionProblem]);
  expect(await problems({ environment: { aws } })).toEqual([portProblem]);
});

test.each<[string, Parameters<typeof problems>[0]]>([
  ["of the real clouds", { variables: {} }],
  ["of no nodes", { stacks: ["control-plane", "service-web"] }],
  ["that makes nothing", { command: "diff" }],
  ["that ends everything", { command: "destroy" }],
])("the limits of embedded clouds don't apply to an undertaking %s", async (_, over) => {
  expect(await problems(over)).toEqual([]);
});
