import { expect, test } from "@jest/globals";
import { inOrder } from "../../cli/terraform/stacks";

const ids = (...stacks: Parameters<typeof inOrder>[0]) => inOrder(stacks).map(({ id }) => id);

test("each stack comes after all that it depends on, directly or not", () => {
  expect(
    ids(
      { id: "c", dependencies: ["b"] },
      { id: "a", dependencies: [] },
      { id: "d", dependencies: ["c", "a"] },
      { id: "b", dependencies: ["a"] },
    ),
  ).toEqual(["a", "b", "c", "d"]);
});

test("stacks that don't depend on one another keep their order", () => {
  expect(
    ids({ id: "z", dependencies: [] }, { id: "x", dependencies: [] }, { id: "y", dependencies: ["x"] }),
  ).toEqual(["z", "x", "y"]);
});

test("a name that comes before its dependency's says nothing about the order", () => {
  expect(
    ids({ id: "service-web", dependencies: ["control-plane"] }, { id: "control-plane", dependencies: [] }),
  ).toEqual(["control-plane", "service-web"]);
});
