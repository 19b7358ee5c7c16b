import type { DrawnStack } from "./deployment";

/** Resources that a reader looks for, and how many are called. */
const nouns: Readonly<Record<string, readonly [one: string, many: string]>> = {
  aws_ecs_cluster: ["ECS cluster", "ECS clusters"],
  aws_iam_role: ["IAM role", "IAM roles"],
  aws_ecr_repository: ["ECR repository", "ECR repositories"],
  aws_cloudwatch_log_group: ["log group", "log groups"],
  aws_cloudwatch_metric_alarm: ["alarm", "alarms"],
  aws_sns_topic: ["topic for alerts", "topics"],
  aws_ssm_activation: ["activation", "activations"],
  digitalocean_firewall: ["firewall", "firewalls"],
  digitalocean_certificate: ["certificate", "certificates"],
  digitalocean_loadbalancer: ["load balancer", "load balancers"],
  digitalocean_droplet: ["droplet", "droplets"],
  "null_resource.deregistration": ["ECS node", "ECS nodes"],
  aws_ecs_task_definition: ["task definition", "task definitions"],
  aws_ecs_service: ["ECS service", "ECS services"],
  "null_resource.rollout": ["wait for the roll-out", "waits"],
  aws_scheduler_schedule: ["schedule", "schedules"],
  aws_sqs_queue: ["queue of failed runs", "queues"],
};

const box = { width: 200, head: 34, line: 18, gap: 22 };
const column = 262;
const margin = 16;

interface Placed extends DrawnStack {
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** An SVG of stacks, in columns by the order in which they are deployed, for light and dark backgrounds. */
export function architecturePicture(title: string, stacks: readonly DrawnStack[]): string {
  const placed = place(stacks);
  const width = Math.max(...placed.map(({ x }) => x + box.width)) + margin;
  const height = Math.max(...placed.map(({ y, height: own }) => y + own)) + 40;
  const at = new Map(placed.map((one) => [one.name, one]));
  const arrows = placed.flatMap((to) =>
    to.after.flatMap((name) => {
      const from = at.get(name);
      return from === undefined ? [] : [arrow(from, to)];
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .name { font-weight: 600; }
  .note { font-size: 12px; fill: #57606a; }
  rect { fill: #ffffff; stroke: #8c959f; }
  .aws rect { stroke: #c2630a; stroke-width: 2; }
  .digitalocean rect { stroke: #0069ff; stroke-width: 2; }
  path { fill: none; stroke: #8c959f; stroke-width: 1.5; }
  marker path { fill: #8c959f; stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note { fill: #9198a1; }
    rect { fill: #151b23; }
  }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>
${[...arrows, ...placed.map(drawn)].join("\n")}
<text class="note" x="${margin}" y="${height - 12}">${title}: arrows give the order; orange is at AWS, blue at DigitalOcean, grey on premises.</text>
</svg>
`;
}

function place(stacks: readonly DrawnStack[]): Placed[] {
  const byName = new Map(stacks.map((stack) => [stack.name, stack]));
  const levelOf = (name: string): number => Math.max(-1, ...(byName.get(name)?.after ?? []).map(levelOf)) + 1;
  const bottoms: number[] = [];
  return stacks.map((stack) => {
    const level = levelOf(stack.name);
    const lines = linesOf(stack);
    const y = bottoms[level] ?? margin;
    const height = box.head + lines.length * box.line;
    bottoms[level] = y + height + box.gap;
    return { ...stack, lines, x: margin + level * column, y, height };
  });
}

function linesOf({ resources }: DrawnStack): string[] {
  return Object.entries(nouns).flatMap(([kind, [one, many]]) => {
    const count = [...resources]
      .filter(([address]) => address === kind || address.startsWith(`${kind}.`))
      .reduce((sum, [, number]) => sum + number, 0);
    return count === 0 ? [] : [count === 1 ? one : `${count} ${many}`];
  });
}

const cloudOf = ({ resources }: DrawnStack): string =>
  ["digitalocean", "aws"].find((cloud) =>
    [...resources.keys()].some((address) => address.startsWith(cloud)),
  ) ?? "premises";

function drawn(stack: Placed): string {
  const { name, lines, x, y, height } = stack;
  const texts = lines.map((line, index) => text("", x, y + box.head + 10 + index * box.line, line));
  return `<g class="${cloudOf(stack)}"><rect x="${x}" y="${y}" width="${box.width}" height="${height}" rx="6"/>${text("name", x, y + 22, name)}${texts.join("")}</g>`;
}

function text(kind: string, x: number, y: number, words: string): string {
  return `<text${kind === "" ? "" : ` class="${kind}"`} x="${x + 12}" y="${y}">${words}</text>`;
}

function arrow(from: Placed, to: Placed): string {
  const [startX, startY] = [from.x + box.width, from.y + from.height / 2];
  const [endX, endY] = [to.x - 2, to.y + to.height / 2];
  const bend = (startX + endX) / 2;
  return `<path d="M${startX} ${startY}C${bend} ${startY} ${bend} ${endY} ${endX} ${endY}" marker-end="url(#tip)"/>`;
}
