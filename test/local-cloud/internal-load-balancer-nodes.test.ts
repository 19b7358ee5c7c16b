import { expect, test } from "@jest/globals";
import { serveDigitalOcean } from "../../local-cloud/digitalocean/api/api";
import { container, shell, task, until, userData, useMachines } from "./machines-stage";

const start = useMachines();

test("containers call a service of their site at its internal load balancer's private address", async () => {
  const local = await start("auto");
  if (local.machines.sandbox === "process") {
    expect(local.machines.sandboxReason).toMatch(/\S/);
    return;
  }
  const { world, machines, polls, orders, events } = local;
  const cloud = await serveDigitalOcean(world, machines, { processingMilliseconds: 0 });
  const create = async (path: string, body: object): Promise<void> => {
    const headers = { authorization: "Bearer secret" };
    const answer = await fetch(cloud.endpoint + path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    expect([answer.ok, await answer.text()]).toEqual([true, expect.any(String)]);
  };
  try {
    await create("/v2/tags", { name: "site" });
    // Its port is the node's own as well, which is no clash: the addresses differ.
    await create("/v2/load_balancers", {
      ...{ name: "api", network: "INTERNAL", region: "ams3", tag: "site" },
      forwarding_rules: [
        { entry_protocol: "http", entry_port: 80, target_protocol: "http", target_port: 80 },
      ],
      health_check: { protocol: "tcp", port: 80, check_interval_seconds: 3, healthy_threshold: 2 },
    });
    const [balancer] = world.digitalocean.loadBalancers.values();
    if (balancer !== undefined) {
      const { health_check: check } = balancer.settings;
      balancer.settings = { ...balancer.settings, health_check: { ...check, check_interval_seconds: 0.2 } };
    }
    await create("/v2/droplets", {
      ...{ name: "node-1", region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" },
      ...{ tags: ["site"], user_data: userData },
    });
    const [droplet] = world.digitalocean.droplets.values();
    await until(() => events(`droplet-${droplet?.id}`).includes("ready"));
    const ask = `until [ "$(curl --disable -s http://${balancer?.ip}/)" = blue ]; do sleep 0.2; done; exit 42`;
    orders.push({ ...task, containers: [container()] });
    orders.push({ ...task, taskArn: `${task.taskArn}-2`, containers: [shell("caller", ask)] });
    await until(() => polls.at(-1)?.tasks[1]?.status === "STOPPED");
    expect(polls.at(-1)?.tasks.map(({ containers }) => containers[0]?.exitCode)).toEqual([undefined, 42]);
  } finally {
    await cloud.close();
  }
}, 60_000);
