import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "@jest/globals";
import { serveDigitalOcean } from "../../local-cloud/digitalocean/api/api";
import { serveProviders } from "../../local-cloud/providers/serve";
import { createWorld, type World } from "../../local-cloud/world";
import { fakeMachines, type FakeMachines } from "./fake-machines";

/** How a command of Terraform has ended. */
interface Run {
  readonly code: number;
  readonly output: string;
}

/** The stand-in providers and their DigitalOcean, and Terraform in a folder of its own. */
export interface ProvidersStage {
  /** Where Terraform works. */
  readonly directory: string;
  readonly world: World;
  readonly machines: FakeMachines;
  /** Of DigitalOcean's API. */
  readonly endpoint: string;
  readonly closeProviders: () => Promise<void>;
  /** Terraform's environment. */
  readonly variables: NodeJS.ProcessEnv;
  readonly terraform: (...words: string[]) => Promise<Run>;
  readonly apply: (...words: string[]) => Promise<void>;
  readonly expectNoChanges: () => Promise<void>;
  /** The actions of a plan, by address. */
  readonly plannedActions: () => Promise<Record<string, string>>;
  /** Writes the configuration, with these resources, and initialises it. */
  readonly configure: (resources: object, more?: object) => Promise<void>;
  /** Names of the calls of a method, in their order. */
  readonly calls: (method: string) => string[];
  readonly close: () => Promise<void>;
}

async function startStage(directory: string, secondMilliseconds: number): Promise<ProvidersStage> {
  await rm(join(directory, "terraform.tfstate"), { force: true });
  const world = createWorld("123456789012");
  const machines = fakeMachines();
  const cloud = await serveDigitalOcean(world, machines, { processingMilliseconds: 100 });
  const providers = await serveProviders({
    which: ["null", "digitalocean"],
    digitalocean: { endpoint: cloud.endpoint, token: "secret", pollMilliseconds: 20, secondMilliseconds },
  });
  const variables = {
    PATH: process.env.PATH,
    HOME: directory,
    CHECKPOINT_DISABLE: "1",
    TF_REATTACH_PROVIDERS: providers.reattach,
  };
  const terraform = (...words: string[]): Promise<Run> =>
    new Promise((resolve) => {
      const child = execFile(
        "terraform",
        words,
        { cwd: directory, env: variables },
        (_error, stdout, stderr) => {
          resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
        },
      );
    });
  let closed: Promise<void> | undefined;
  const closeProviders = (): Promise<void> => (closed ??= providers.close());
  return {
    directory,
    world,
    machines,
    endpoint: cloud.endpoint,
    closeProviders,
    variables,
    terraform,
    apply: async (...words) => {
      expect(await terraform("apply", "-auto-approve", "-no-color", ...words)).toMatchObject({ code: 0 });
    },
    expectNoChanges: async () => {
      const { code, output } = await terraform("plan", "-detailed-exitcode", "-no-color");
      expect([code, output]).toEqual([0, expect.stringContaining("No changes.")]);
    },
    plannedActions: async () => {
      expect(await terraform("plan", "-out=plan")).toMatchObject({ code: expect.any(Number) });
      const { resource_changes: changes } = JSON.parse((await terraform("show", "-json", "plan")).output) as {
        resource_changes: { address: string; change: { actions: string[] } }[];
      };
      const acting = changes.filter(({ change }) => change.actions[0] !== "no-op");
      return Object.fromEntries(acting.map(({ address, change }) => [address, change.actions.join()]));
    },
    configure: async (resources, more = {}) => {
      const required_providers = {
        null: { source: "hashicorp/null", version: "3.2.4" },
        digitalocean: { source: "digitalocean/digitalocean", version: "2.71.0" },
      };
      await writeFile(
        join(directory, "cdk.tf.json"),
        JSON.stringify({ terraform: { required_providers }, resource: resources, ...more }),
      );
      expect(await terraform("init", "-no-color")).toMatchObject({ code: 0 });
    },
    calls: (method) => world.journal.filter(({ name }) => name.startsWith(method)).map(({ name }) => name),
    close: async () => {
      await closeProviders();
      await cloud.close();
      await machines.close();
    },
  };
}

/**
 * Sets a stage for each test of a file; returns the one of the test at hand.
 * @param secondMilliseconds how long each second of a provider's time-outs lasts
 */
export function useProviders(secondMilliseconds = 1000): () => ProvidersStage {
  let directory: string;
  let stage: ProvidersStage;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "providers-"));
  });

  afterAll(() => rm(directory, { recursive: true }));

  beforeEach(async () => {
    stage = await startStage(directory, secondMilliseconds);
  });

  afterEach(() => stage.close());

  return () => stage;
}

/** The configuration of a site of droplets. */
interface Site {
  readonly nodes?: Readonly<Record<string, string>>;
  readonly userData?: string;
}

/** The order of a site: tag, load balancer, firewall, droplets, and what exists once per droplet. */
export function siteOf({ nodes = { a: "1", b: "1" }, userData = "#!/bin/sh" }: Site = {}): object {
  const anywhere = ["0.0.0.0/0", "::/0"];
  const each = { for_each: nodes };
  return {
    digitalocean_tag: { nodes: { name: "shop--ams3" } },
    digitalocean_loadbalancer: {
      public: {
        name: "shop",
        region: "ams3",
        droplet_tag: "${digitalocean_tag.nodes.id}",
        forwarding_rule: [
          { entry_protocol: "http", entry_port: 8083, target_protocol: "http", target_port: 80 },
        ],
        healthcheck: [{ protocol: "http", port: 80, path: "/healthz", check_interval_seconds: 3 }],
      },
    },
    digitalocean_firewall: {
      nodes: {
        name: "shop",
        tags: ["${digitalocean_tag.nodes.id}"],
        inbound_rule: [
          {
            protocol: "tcp",
            port_range: "80",
            source_load_balancer_uids: ["${digitalocean_loadbalancer.public.id}"],
          },
        ],
        outbound_rule: [
          { protocol: "tcp", port_range: "443", destination_addresses: anywhere },
          { protocol: "udp", port_range: "all", destination_addresses: anywhere },
          { protocol: "icmp", destination_addresses: anywhere },
        ],
      },
    },
    digitalocean_droplet: {
      node: {
        ...each,
        depends_on: ["digitalocean_firewall.nodes"],
        name: "${each.key}",
        region: "ams3",
        size: "s-1vcpu-1gb",
        image: "ubuntu-24-04-x64",
        tags: ["${digitalocean_tag.nodes.id}"],
        user_data: `${userData} \${each.key}`,
        graceful_shutdown: true,
        lifecycle: {
          ignore_changes: ["user_data"],
          replace_triggered_by: ["null_resource.generation[each.key]"],
        },
      },
    },
    null_resource: {
      generation: { ...each, triggers: { generation: "${each.value}" } },
      deregistration: {
        ...each,
        triggers: { droplet: "${digitalocean_droplet.node[each.key].id}", node: "${each.key}" },
        provisioner: [
          { "local-exec": { when: "destroy", command: "echo deregister ${self.triggers.node} >> log" } },
        ],
      },
    },
  };
}
