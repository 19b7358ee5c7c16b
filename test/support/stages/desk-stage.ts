import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../config/load";
import { namesOf } from "../../../config/names";
import type { Config, Environment } from "../../../config/schema";
import { placementsOf } from "../../../config/services/placements";
import { resolveSites } from "../../../config/sites/nodes";
import { run, type Command, type Ended } from "../../../demo/command";
import { loadApis } from "../../../local-cloud/aws/protocol/api";
import { serveAws } from "../../../local-cloud/aws/protocol/gateway";
import { serveDigitalOcean } from "../../../local-cloud/digitalocean/api/api";
import { ensurePython } from "../../../local-cloud/python/environment";
import type { Entry, World } from "../../../local-cloud/world";
import { fakeMachines, until } from "../../local-cloud/fake-machines";
import { settings as balancer } from "../../local-cloud/load-balancer-stage";
import { createStage, type Node, type Stage } from "./ecs-stage";

/** A deployment in both clouds' APIs, put there without Terraform and machines, and the command line that looks at it. */
export interface DeskStage {
  readonly config: Config;
  readonly ecs: Stage;
  readonly world: World;
  /** The node's machine, by `site/node`. */
  node(key: string): Node;
  /** Id of its droplet. */
  droplet(key: string): number;
  /** Ends a node's agents, two hours ago. */
  lose(key: string, agents: { readonly ecs: boolean; readonly ssm: boolean }): void;
  /** Lets its machine answer nothing any more. */
  turnOff(key: string): Promise<void>;
  /** Takes a node's registrations from it, as its deregistration does. */
  deregister(key: string): void;
  /** Registers the node that this environment has, as a machine that has just booted. */
  register(key: string, environment: Partial<Environment>): void;
  /** Writes another environment file, without any change in the clouds. */
  configure(environment: Partial<Environment>): void;
  /** By which a program finds these clouds. */
  readonly clouds: Readonly<Record<string, string>>;
  /** Runs `anywhere`. */
  anywhere(args: readonly string[], variables?: NodeJS.ProcessEnv): Promise<Looked>;
  /** The same as a command that is yet to be started. */
  command(args: readonly string[]): Command;
  /** Waits until the metrics tell so many healthy backends. */
  measured(healthy: number): Promise<void>;
  close(): Promise<void>;
}

/** How a command ended, the calls that it made, and the seconds of processor time that it took. */
export interface Looked extends Ended {
  readonly calls: readonly Entry[];
  readonly seconds: number;
}

/** Seconds: longer than any test. */
const lostAfter = 3600;

/** Takes some seconds: the load balancers check their droplets every three. */
export async function startDeskStage(environment: Omit<Environment, "name" | "aws">): Promise<DeskStage> {
  const folder = mkdtempSync(join(tmpdir(), "desk-"));
  const file = join(folder, "environment.json");
  const times = join(folder, "times");
  const whole = { name: "anywhere", aws: { region: "eu-west-1", accountId: "123456789012" }, ...environment };
  const write = (more: Partial<Environment>): void => {
    writeFileSync(file, JSON.stringify({ ...whole, ...more }));
  };
  write({});
  const config = parseConfig(whole, file);
  const stage = createStage({ lostAfter }, Date.now() - 300_000);
  const { world, settings } = stage;
  const apis = await loadApis(await ensurePython(join(__dirname, "../../../.local-cloud")));
  const aws = await serveAws(world, { apis, motoPort: 1, settings });
  const machines = fakeMachines();
  const digitalOcean = await serveDigitalOcean(world, machines, { processingMilliseconds: 0 });
  world.digitalocean.behaviour.metricsMilliseconds = 0;
  const clouds = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    DIGITALOCEAN_API_URL: digitalOcean.endpoint,
    DIGITALOCEAN_TOKEN: "token",
  };
  const variables = { PATH: process.env["PATH"], ANYWHERE_ENV: file, ...clouds };
  const nodes = new Map(addNodes(stage, config));
  const droplets = await addDroplets(world, config, digitalOcean.endpoint);
  addServices(stage, config);
  stage.advance(20);
  world.aws.managedInstances.forEach((instance) => {
    instance.lastPingAt = Date.now();
  });
  return {
    config,
    ecs: stage,
    world,
    node: (key) => required(nodes.get(key), key),
    droplet: (key) => required(droplets.get(key), key),
    lose: (key, { ecs, ssm }) => {
      const node = required(nodes.get(key), key);
      node.alive = !ecs;
      const { containerInstances, managedInstances } = world.aws;
      const at = Date.now() - 2 * lostAfter * 1000;
      Object.assign(
        required(containerInstances.get(node.containerInstanceArn), key),
        ecs && { lastPollAt: at },
      );
      Object.assign(required(managedInstances.get(node.managedInstanceId), key), ssm && { lastPingAt: at });
    },
    turnOff: (key) => machines.powerOff(`droplet-${required(droplets.get(key), key)}`),
    deregister: (key) => {
      const node = required(nodes.get(key), key);
      node.alive = false;
      const containerInstance = node.containerInstanceArn;
      stage.call("DeregisterContainerInstance", {
        cluster: namesOf(config).cluster,
        containerInstance,
        force: true,
      });
      stage.call("DeregisterManagedInstance", { InstanceId: node.managedInstanceId });
    },
    register: (key, more) => {
      const all = parseConfig({ ...whole, ...more }, file);
      const [site = "", name = ""] = key.split("/");
      const { allAttributes } = required(resolveSites(all).get(site)?.nodes.get(name), key);
      nodes.set(key, addNode(stage, all, { site, name, allAttributes }));
    },
    clouds,
    configure: write,
    command: (args) => ({
      program: process.execPath,
      args: ["cli/anywhere.js", ...args],
      folder: process.cwd(),
      variables,
      log: undefined,
      seconds: 60,
    }),
    anywhere: async (args, more = {}) => {
      const before = world.journal.length;
      const timed = `TIMEFORMAT="%U %S"; time "$0" cli/anywhere.js "$@" 2>&3`;
      const ended = await run({
        program: "bash",
        args: ["-c", `exec 3>&2; { ${timed}; } 2>"${times}"`, process.execPath, ...args],
        folder: process.cwd(),
        variables: { ...variables, ...more },
        log: undefined,
        seconds: 60,
      });
      const seconds = readFileSync(times, "utf8").trim().split(" ").map(Number);
      const calls = world.journal.slice(before).filter(({ kind }) => kind === "call");
      return { ...ended, calls, seconds: seconds.reduce((sum, one) => sum + one, 0) };
    },
    measured: (healthy) =>
      until(async () => (await healthyBackends(world, digitalOcean.endpoint)) === healthy),
    close: async () => {
      await digitalOcean.close();
      await machines.close();
      await aws.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** How many droplets the metrics of the load balancers call healthy. */
async function healthyBackends({ digitalocean }: World, endpoint: string): Promise<number> {
  const now = Math.floor(Date.now() / 1000);
  const answers = [...digitalocean.loadBalancers.keys()].map(async (id) => {
    const query = `lb_id=${id}&start=${now - 60}&end=${now}`;
    const url = `${endpoint}/v2/monitoring/metrics/load_balancer/droplets_health_checks?${query}`;
    const response = await fetch(url, { headers: { authorization: "Bearer token" } });
    const { data } = (await response.json()) as { data: { result: { values: [number, string][] }[] } };
    return data.result.filter(({ values }) => values.at(-1)?.[1] === "100").length;
  });
  return (await Promise.all(answers)).reduce((sum, one) => sum + one, 0);
}

function required<T>(thing: T | undefined, key: string): T {
  if (thing === undefined) {
    throw new Error(`the stage has no ${key}`);
  }
  return thing;
}

function addNodes(stage: Stage, config: Config): ReadonlyMap<string, Node> {
  return new Map(
    [...resolveSites(config)].flatMap(([site, { nodes }]) =>
      [...nodes].map(
        ([name, { allAttributes }]) =>
          [`${site}/${name}`, addNode(stage, config, { site, name, allAttributes })] as const,
      ),
    ),
  );
}

function addNode(
  stage: Stage,
  config: Config,
  { site, name, allAttributes }: Readonly<Record<"site" | "name" | "allAttributes", string>>,
): Node {
  const names = namesOf(config);
  const attributes = JSON.parse(allAttributes) as Record<string, string>;
  const activation = { IamRole: names.nodeRole, DefaultInstanceName: names.node(site, name) };
  return stage.addNode(attributes, activation);
}

/** Droplets, and a load balancer for the service `web`. */
async function addDroplets(world: World, config: Config, endpoint: string) {
  const names = namesOf(config);
  const post = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(endpoint + path, {
      method: "POST",
      headers: { authorization: "Bearer token" },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(await response.text());
    }
    return response.json();
  };
  const droplets = new Map<string, number>();
  for (const [site, { kind, nodes }] of resolveSites(config)) {
    if (kind !== "digitalocean") {
      continue;
    }
    const tag = names.site(site);
    await post("/v2/tags", { name: tag });
    for (const node of nodes.keys()) {
      const droplet = { region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64", tags: [tag] };
      const made = await post("/v2/droplets", { name: names.node(site, node), ...droplet });
      droplets.set(`${site}/${node}`, (made as { droplet: { id: number } }).droplet.id);
    }
    if (config.services["web"]?.http !== undefined) {
      await post("/v2/load_balancers", { ...balancer, tag, name: names.loadBalancer(site, "web") });
    }
  }
  await until(() => [...world.digitalocean.droplets.values()].every(({ status }) => status === "active"));
  return droplets;
}

function addServices(stage: Stage, config: Config): void {
  const names = namesOf(config);
  const sites = resolveSites(config);
  const define = (family: string, image: string, container: object = {}) =>
    stage.call("RegisterTaskDefinition", {
      family,
      requiresCompatibilities: ["EXTERNAL"],
      networkMode: "bridge",
      containerDefinitions: [{ name: "app", image, memory: 64, ...container }],
    });
  const healthCheck = { command: ["CMD", "healthcheck"] };
  for (const [service, settings] of Object.entries(config.services)) {
    for (const [site, { desiredCount }] of placementsOf(service, config, sites)) {
      const family = names.family(service, site);
      const { image, http } = settings;
      const portMappings = http === undefined ? [] : [{ containerPort: http.port, hostPort: http.port }];
      define(family, image, { healthCheck, portMappings });
      if (http !== undefined) {
        define(names.oneOffFamily(service, site), image);
      }
      const isDaemon = settings.placement === "every-node";
      stage.call("CreateService", {
        cluster: names.cluster,
        serviceName: names.service(service, site),
        taskDefinition: family,
        launchType: "EXTERNAL",
        schedulingStrategy: isDaemon ? "DAEMON" : "REPLICA",
        availabilityZoneRebalancing: "DISABLED",
        enableExecuteCommand: settings.exec,
        ...(isDaemon ? {} : { desiredCount }),
        placementConstraints: [{ type: "memberOf", expression: `attribute:anywhere.site == ${site}` }],
      });
    }
  }
  for (const [job, settings] of Object.entries(config.jobs)) {
    define(names.jobFamily(job), settings.image, { healthCheck });
  }
}
