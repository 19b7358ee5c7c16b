import { expect, test } from "@jest/globals";
import { inTurn, isMet, median, ratios } from "../../bench/figure";
import { tableOf } from "../../bench/page";

test("the median of several runs counts, and of an even number the mean of the middle two", () => {
  expect(median([9, 1, 2])).toBe(2);
  expect(median([9, 1, 2, 4])).toBe(3);
  expect(median([7])).toBe(7);
});

test("ratios compare runs of the same round", () => {
  expect(ratios([2, 30, 4], [1, 10, 4])).toEqual([2, 3, 1]);
});

test("figures are measured in turn, after a warm-up that doesn't count", async () => {
  const done: string[] = [];
  const act = (name: string, seconds: number) => () => {
    done.push(name);
    return Promise.resolve(seconds);
  };
  const rounds = await inTurn(2, { a: act("a", 1), b: act("b", 2) }, act("begin", 100));
  expect(done).toEqual(["begin", "a", "b", "a", "b"]);
  expect(rounds).toEqual({ a: [1, 1], b: [2, 2] });
});

test("the table shows the median, the spread and whether a figure meets its target", () => {
  const [many, one] = [
    { name: "`npm run synth`", unit: "s", values: [0.5, 0.9, 0.6], most: 0.65 },
    { name: "deploy of 6 sites ÷ of 1", unit: "×", values: [2.004], most: 2 },
  ] as const;
  expect([isMet(many), isMet(one)]).toEqual([true, false]);
  expect(tableOf([many, one])).toBe(
    [
      "| Figure                   | Measured | Least to most | Target   | Met |",
      "| ------------------------ | -------- | ------------- | -------- | --- |",
      "| `npm run synth`          | 0.60 s   | 0.50 to 0.90  | ≤ 0.65 s | yes |",
      "| deploy of 6 sites ÷ of 1 | 2.00 ×   | one run       | ≤ 2.00 × | no  |",
    ].join("\n"),
  );
});
