import { expect, test } from "@jest/globals";
import { createStage } from "../support/stages/ecs-stage";

const tag = { Key: "site", Value: "ams3" };

/** A machine that registers with an activation whose tags come after so many milliseconds. */
function registerWith(tagDelay: number) {
  const { call, world, advance } = createStage();
  const activation = call("CreateActivation", { IamRole: "node", Tags: [tag] }) as {
    readonly ActivationId: string;
    readonly ActivationCode: string;
  };
  const made = world.aws.activations.get(activation.ActivationId);
  if (made !== undefined) {
    made.tagDelay = tagDelay;
  }
  const { InstanceId } = call("RegisterManagedInstance", { ...activation, Fingerprint: "f" }) as {
    readonly InstanceId: string;
  };
  const found = (Key: string, value: string) =>
    (
      call("DescribeInstanceInformation", { Filters: [{ Key, Values: [value] }] }) as {
        InstanceInformationList: { InstanceId: string }[];
      }
    ).InstanceInformationList.map((instance) => instance.InstanceId);
  const tags = () => world.aws.managedInstances.get(InstanceId)?.tags;
  return { call, advance, found, tags, InstanceId, ActivationId: activation.ActivationId };
}

test("a machine has its activation's tags at once, later or never", () => {
  const atOnce = registerWith(0);
  expect(atOnce.found("tag:site", "ams3")).toEqual([atOnce.InstanceId]);

  const late = registerWith(3000);
  late.call("AddTagsToResource", {
    ResourceType: "ManagedInstance",
    ResourceId: late.InstanceId,
    Tags: [{ Key: "by", Value: "hand" }],
  });
  late.advance(2);
  expect(late.found("tag:site", "ams3")).toEqual([]);
  expect(late.found("tag:by", "hand")).toEqual([late.InstanceId]);
  late.advance(1);
  expect(late.found("tag:site", "ams3")).toEqual([late.InstanceId]);
  expect(late.tags()).toEqual([tag, { Key: "by", Value: "hand" }]);

  const never = registerWith(Infinity);
  never.advance(1_000_000);
  expect(never.found("tag:site", "ams3")).toEqual([]);
  expect(never.tags()).toEqual([]);
});

test("a machine is found by its activation's id until the activation is deleted, and always by its own id", () => {
  const { call, found, InstanceId, ActivationId } = registerWith(0);
  expect(found("ActivationIds", ActivationId)).toEqual([InstanceId]);
  call("DeleteActivation", { ActivationId });
  expect(found("ActivationIds", ActivationId)).toEqual([]);
  expect(found("InstanceIds", InstanceId)).toEqual([InstanceId]);
});
