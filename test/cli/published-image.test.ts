import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { pushAgain } from "../../cli/remedies/published-image";
import { parseState } from "../../cli/terraform/state-file";
import { serveAws, type StandInAws } from "./checks/stand-in-aws";

const account = "111122223333";
const former = { ...process.env };
let aws: StandInAws;

beforeAll(async () => {
  aws = await serveAws(account);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  });
});

afterAll(async () => {
  process.env = former;
  await aws.close();
});

beforeEach(() => {
  aws.behaviour.imageError = undefined;
  aws.asked();
});

const image = {
  mode: "managed",
  type: "null_resource",
  name: "image",
  instances: [
    {
      attributes: {
        triggers: {
          REPOSITORY: `${account}.dkr.ecr.eu-west-1.amazonaws.com/shop/app`,
          TAG: "0123456789abcdef",
          ACCOUNT: account,
          AWS_REGION: "eu-west-1",
        },
      },
    },
  ],
};

/** The options for a stack whose state holds these resources. */
function optionsFor(resources: readonly object[]): Promise<readonly string[]> {
  const state = parseState(JSON.stringify({ version: 4, lineage: "one", resources }));
  return pushAgain({ folder: "." }, { state: () => Promise.resolve(state) });
}

test.each(["ImageNotFoundException", "RepositoryNotFoundException"])(
  "an image for which ECR answers %s is pushed again",
  async (error) => {
    aws.behaviour.imageError = error;
    expect(await optionsFor([image])).toEqual(["-replace=null_resource.image"]);
    expect(aws.asked()).toEqual(["DescribeImages shop/app:0123456789abcdef"]);
  },
);

test("an image that exists, or can't be looked up, is left as it is", async () => {
  expect(await optionsFor([image])).toEqual([]);
  aws.behaviour.imageError = "AccessDeniedException";
  expect(await optionsFor([image])).toEqual([]);
});

test("a stack that pushes no image doesn't query ECR", async () => {
  expect(await optionsFor([])).toEqual([]);
  expect(aws.asked()).toEqual([]);
});
