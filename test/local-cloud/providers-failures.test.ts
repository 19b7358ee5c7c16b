import { expect, test } from "@jest/globals";
import { serveProviders } from "../../local-cloud/providers/serve";
import { siteOf, useProviders } from "./providers-stage";

const stage = useProviders();

const droplet = { name: "one", region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" };

test("a droplet that is created but never becomes ready is tainted, and replaced by the next apply", async () => {
  const { world, machines, terraform, apply, expectNoChanges, configure } = stage();
  await configure({ digitalocean_droplet: { one: droplet } });
  machines.onBoot = () => Promise.reject(new Error("no memory"));
  const { code, output } = await terraform("apply", "-auto-approve", "-no-color");
  expect(code).toBe(1);
  expect(output).toMatch(/Error waiting for droplet \(\d+\) to become ready: .*: 404 The resource/s);
  expect((await terraform("state", "list")).output).toBe("digitalocean_droplet.one\n");
  machines.onBoot = () => Promise.resolve();
  await apply();
  expect(world.digitalocean.droplets.size).toBe(1);
  await expectNoChanges();
}, 60_000);

test("a burst of 429 or 500 is retried four times, then reported", async () => {
  const { world, terraform, apply, configure, calls } = stage();
  await configure({ digitalocean_tag: { t: { name: "blue" } } });
  const match = { service: "digitalocean", operation: "POST /v2/tags" } as const;
  world.faults.push({
    match,
    times: 4,
    effect: { kind: "error", status: 429, code: "x", message: "slow down" },
  });
  await apply();
  expect(calls("POST")).toHaveLength(5);
  await terraform("destroy", "-auto-approve");
  world.faults.push({
    match,
    times: 5,
    effect: { kind: "error", status: 500, code: "x", message: "broken" },
  });
  const { code, output } = await terraform("apply", "-auto-approve", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("Error creating tag: POST http")]);
  expect(output).toContain("500 broken");
}, 60_000);

test("a load balancer's 403 is not retried", async () => {
  const { world, terraform, apply, configure } = stage();
  await configure(siteOf({ nodes: {} }));
  await apply();
  const effect = {
    kind: "error",
    status: 403,
    code: "forbidden",
    message: "processes previous actions",
  } as const;
  const match = { service: "digitalocean", operation: "DELETE /v2/load_balancers/{lb_id}" } as const;
  world.faults.push({ match, times: 1, effect });
  const { code, output } = await terraform("destroy", "-auto-approve", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("processes previous actions")]);
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
}, 60_000);

test("an unknown resource type and another API's address are errors", async () => {
  const { terraform, configure } = stage();
  await configure({ digitalocean_kubernetes_cluster: { c: {} } });
  expect((await terraform("validate", "-no-color")).output).toContain("Invalid resource type");
  const provider = { digitalocean: [{ api_endpoint: "https://api.digitalocean.com" }] };
  await configure({ digitalocean_tag: { t: { name: "t" } } }, { provider });
  const { code, output } = await terraform("plan", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("leave api_endpoint out")]);
}, 60_000);

test("a terraform that runs after the providers closed leaves this process alone", async () => {
  const { closeProviders, configure, terraform } = stage();
  await configure({ digitalocean_tag: { t: { name: "t" } } });
  await closeProviders();
  expect((await terraform("plan", "-no-color")).code).toBe(1);
}, 60_000);

test("without a stand-in there is nothing to attach to", async () => {
  const providers = await serveProviders({
    which: [],
    digitalocean: { endpoint: "http://127.0.0.1:1", token: "secret" },
  });
  expect(providers.reattach).toBe("{}");
  await providers.close();
});
