import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import flask from "../../docs/examples/flask";
import job from "../../docs/examples/job";
import nginx from "../../docs/examples/nginx";
import registry from "../../docs/examples/private-registry";
import shop from "../../docs/examples/service-to-service";
import stateful from "../../docs/examples/volume";
import worker from "../../docs/examples/worker";
import { containersAt } from "../support/synthesis/containers";
import { resourceAt, stackOf, synth } from "../support/synthesis/synth";

const page = readFileSync("docs/your-own-application.md", "utf8");
const flat = (text: string) => text.replace(/\s+/g, " ").trim();
/** The file that a section of the page is about. */
const fileIn = (section: string) => /\(examples\/([\w-]+\.ts)\)/.exec(section)?.[1];

test("docs/your-own-application.md quotes a part of every example", () => {
  const sections = page.split("\n## ").filter((section) => fileIn(section) !== undefined);
  const files = readdirSync("docs/examples").filter((file) => file.endsWith(".ts"));
  expect(sections.map(fileIn).sort()).toEqual(files.sort());
  for (const section of sections) {
    const text = flat(readFileSync(`docs/examples/${fileIn(section)}`, "utf8"));
    const blocks = [...section.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = ""]) => flat(block));
    expect(blocks.length).toBeGreaterThan(0);
    expect(blocks.filter((block) => !text.includes(block))).toEqual([]);
  }
});

test("nginx stands behind a proxy that holds the node's port", () => {
  const [web, proxy] = containersAt(stackOf(synth(nginx), "service-web"), "ams3");
  expect(web).toMatchObject({ image: "public.ecr.aws/nginx/nginx:1.29", portMappings: [] });
  expect(proxy).toMatchObject({ portMappings: [{ containerPort: 8080, hostPort: 8080 }] });
});

test("Flask is built from its folder, and its role may read its secret", () => {
  const stacks = synth(flask);
  expect(stackOf(stacks, "service-shop").resource).toHaveProperty("null_resource.image");
  expect(containersAt(stackOf(stacks, "service-shop"), "ams3")[0]).toMatchObject({
    environment: [{ name: "GREETING", value: "Hello" }],
    secrets: [{ name: "DATABASE_URL" }],
  });
});

test("the worker runs on the node with its attribute, without a load balancer", () => {
  const stacks = synth(worker);
  expect(stackOf(stacks, "compute-berlin").resource).not.toHaveProperty("digitalocean_loadbalancer");
  expect(resourceAt(stackOf(stacks, "service-transcoder"), "aws_ecs_service.service")).toMatchObject({
    scheduling_strategy: "DAEMON",
  });
  expect(JSON.stringify(stackOf(stacks, "service-transcoder"))).toContain("attribute:gpu == a4000");
  expect(containersAt(stackOf(stacks, "service-transcoder"), "berlin")).toMatchObject([
    { cpu: 2048, memory: 4096, stopTimeout: 600, command: ["transcode", "--queue", expect.anything()] },
  ]);
});

test("the job has a schedule in its time zone", () => {
  const jobs = stackOf(synth(job), "jobs");
  expect(containersAt(jobs, "report", "job")).toMatchObject([{ command: ["report", "--yesterday"] }]);
  expect(JSON.stringify(jobs.locals)).toContain('"timezone":"Europe/Amsterdam"');
});

test("the volume's only task stays on its node", () => {
  const search = stackOf(synth(stateful), "service-search");
  expect(JSON.stringify(search)).toContain("attribute:disk == data");
  expect(JSON.stringify(search)).toContain("/var/lib/search");
  expect(resourceAt(search, "aws_ecs_service.service")).toMatchObject({ scheduling_strategy: "REPLICA" });
});

test("the private registry's credentials are named by every container that needs them", () => {
  expect(containersAt(stackOf(synth(registry), "service-web"), "ams3")[0]).toMatchObject({
    image: "ghcr.io/acme/shop:2026-11-20",
    repositoryCredentials: { credentialsParameter: registry.services.web.registryCredentials },
  });
});

test("one service calls the other at its internal load balancer, and clients use HTTPS", () => {
  const stacks = synth(shop);
  expect(containersAt(stackOf(stacks, "service-web"), "ams3")[0]?.environment).toEqual([
    { name: "API_URL", value: "${data.terraform_remote_state.compute-ams3.outputs.internal_urls.api}" },
  ]);
  expect(Object.keys(stackOf(stacks, "compute-ams3").resource)).toContain("digitalocean_certificate");
});
