import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import dev from "../../config/environments/dev";
import { resourceAt, stackOf, synth } from "../support/synthesis/synth";

const page = readFileSync("docs/costs.md", "utf8");
const example = page.split("\n## An example\n")[1]?.split("\n## ")[0] ?? "";
const rows = [...example.matchAll(/^\| (.+?) +\| +([*\d.]+) \|$/gm)].map(([, item = "", month = ""]) => ({
  item,
  month: Number(month.replaceAll("*", "")),
}));

/** How many of something the example counts. */
const counted = (item: RegExp): number =>
  Number((rows.map((row) => item.exec(row.item)?.[1]).find(Boolean) ?? "0").replace(",", ""));

test("the example in docs/costs.md counts what config/environments/dev.ts creates", () => {
  const stacks = synth(dev);
  const { locals } = stackOf(stacks, "compute-ams3");
  const controlPlane = stackOf(stacks, "control-plane");
  const droplets = Object.keys(locals["nodes"] ?? {}).length;
  const queries = resourceAt(controlPlane, "aws_cloudwatch_metric_alarm.tasks-missing")[
    "metric_query"
  ] as readonly Readonly<Record<string, unknown>>[];
  const metrics =
    Object.keys(controlPlane.locals["alarms"] ?? {}).length +
    Object.keys(controlPlane.locals["service_minutes"] ?? {}).length *
      queries.filter(({ metric }) => metric !== undefined).length;
  expect({
    droplets: counted(/^(\d+) droplets/),
    loadBalancers: counted(/^(\d+) load balancer/),
    hours: counted(/^([\d,]+) instance hours/),
    metrics: counted(/^(\d+) metrics in alarms/),
    errorMetrics: counted(/^(\d+) metric of error lines/),
  }).toEqual({
    droplets,
    loadBalancers: Object.keys(stackOf(stacks, "compute-ams3").resource["digitalocean_loadbalancer"] ?? {})
      .length,
    hours: droplets * 730,
    metrics,
    errorMetrics: Object.keys(controlPlane.locals["service_minutes"] ?? {}).length,
  });
});

/** Half a cent counts as a cent. */
const cents = (price: number): number => Math.round(price * 100 + 1e-6) / 100;

test("the example in docs/costs.md multiplies and adds up", () => {
  const products = rows.filter(({ item }) => / each$/.test(item));
  expect(products).toHaveLength(3);
  for (const { item, month } of products) {
    const [, count = "", price = ""] = /^([\d,]+) .*, ([\d.]+) each$/.exec(item) ?? [];
    expect([item, cents(Number(count.replace(",", "")) * Number(price))]).toEqual([item, month]);
  }
  const sum = rows.at(-1)?.month;
  expect(rows.slice(0, -1).reduce((total, { month }) => total + month, 0)).toBeCloseTo(sum ?? 0, 5);
});
