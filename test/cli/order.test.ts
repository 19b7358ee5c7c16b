import { expect, test } from "@jest/globals";
import { inOrder } from "../../cli/terraform/stacks";

test("stacks are sorted in the order of a deploy, and those of one kind keep their given order", () => {
  const given = [
    "activations",
    "compute-b",
    "control-plane",
    "jobs",
    "service-jobs",
    "compute-a",
    "service-control-plane",
  ];
  expect(inOrder(given.map((id) => ({ id }))).map(({ id }) => id)).toEqual([
    "control-plane",
    "activations",
    "compute-b",
    "compute-a",
    "service-jobs",
    "service-control-plane",
    "jobs",
  ]);
});
