import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const ams3 = {
  kind: "digitalocean",
  region: "ams3",
  nodes: { a: { attributes: { disk: "ssd" } }, b: { attributes: { disk: "hdd" } } },
};
const fra1 = { kind: "digitalocean", region: "fra1", nodes: 1 };
const berlin = { kind: "on-premises", nodes: { "rack-1": {} } };
const image = "registry.example/shop/app:v1";
const http = (port: number, more: object = {}) => ({
  image,
  memoryMiB: 64,
  cpuUnits: 64,
  http: { port, ...more },
});
const job = { image, memoryMiB: 64, schedule: "rate(1 hour)", site: "ams3" };
const internal = { loadBalancer: { network: "internal" } };
const bare = { loadBalancer: false };

interface Parts {
  readonly sites?: object;
  readonly images?: object;
  readonly services?: object;
  readonly jobs?: object;
}

const problemsWith = (parts: Parts) =>
  problemsOf({ name: "shop", aws: oneSite.aws, sites: { ams3 }, ...parts }).map((line) =>
    line.replace("test.ts: ", ""),
  );

test.each<[string, Parts, string]>([
  [
    "a port that two services share on a node",
    { services: { web: http(8080), api: http(8080) } },
    "services.api.http.port is also the port of service web, which a load balancer at site ams3 connects to on all of its nodes: choose another port, or another site (got 8080)",
  ],
  [
    "a port that two services without load balancers share on a node",
    { services: { web: http(8080, bare), api: http(8080, bare) } },
    "services.api.http.port is also the port of service web, and both may run on node ams3/a: choose another, or keep them apart with placement or on (got 8080)",
  ],
  [
    "one port of two services on different nodes of a site where the second has a load balancer",
    {
      services: {
        web: { ...http(8080, bare), on: { disk: "ssd" } },
        api: { ...http(8080), on: { disk: "hdd" } },
      },
    },
    "services.api.http.port is also the port of service web, which a load balancer at site ams3 connects to on all of its nodes: choose another port, or another site (got 8080)",
  ],
  [
    "one port of a service and of another's load balancer that waits for its tasks",
    {
      services: {
        web: { ...http(8080), placement: { ams3: 0 } },
        api: { ...http(8080, bare), placement: { ams3: 1 } },
      },
    },
    "services.api.http.port is also the port of service web, which a load balancer at site ams3 connects to on all of its nodes: choose another port, or another site (got 8080)",
  ],
  [
    "a port that the node needs itself",
    { services: { web: http(22) } },
    "services.web.http.port is reserved on every node (22, 2375, 2376, 51678, 51679, 51680 are): choose another (got 22)",
  ],
  [
    "memory that doesn't fit beside the other services, their proxies counted",
    { services: { web: { ...http(8080), memoryMiB: 300 }, api: { ...http(8081), memoryMiB: 300 } } },
    "services.api.memoryMiB doesn't fit node ams3/a (s-1vcpu-1gb): a task needs 428 MiB of memory in all, and the node has 824 for tasks, of which other services take 428; lower this, or choose a larger size (got 300)",
  ],
  [
    "CPU that doesn't fit beside the other services, their proxies counted",
    { services: { web: { ...http(8080), cpuUnits: 512 }, api: { ...http(8081), cpuUnits: 400 } } },
    "services.api.cpuUnits doesn't fit node ams3/a (s-1vcpu-1gb): a task needs 464 CPU units in all, and the node has 1024 for tasks, of which other services take 576; lower this, or choose a larger size (got 400)",
  ],
  [
    "more tasks without a port than there is room for",
    {
      services: {
        web: { ...http(8080), memoryMiB: 300 },
        worker: { image, memoryMiB: 128, cpuUnits: 64, placement: { ams3: 7 } },
      },
    },
    "services.worker.placement.ams3 doesn't fit: besides everything else that runs there, the site has room for 6 of its tasks with 128 MiB and 64 CPU units each; lower their number, memory or CPU units, or add a node (got 7)",
  ],
  [
    "a job that has no room beside the services",
    { services: { web: { ...http(8080), memoryMiB: 500 } }, jobs: { report: { ...job, memoryMiB: 300 } } },
    "jobs.report.memoryMiB doesn't fit node ams3/a (s-1vcpu-1gb): a task needs 300 MiB of memory in all, and the node has 824 for tasks, of which other services take 628; lower this, or choose a larger size (got 300)",
  ],
  [
    "an image that is built for other machines",
    {
      images: { app: { build: "app", platform: "linux/arm64" } },
      jobs: { report: { ...job, image: "app" } },
    },
    'jobs.report.image is built for linux/arm64, but the machines of site ams3 are all linux/amd64: change images.app.platform, or place tasks only on other sites (got "app")',
  ],
  [
    "an unknown image",
    { images: { app: { build: "app" } }, services: { web: { ...http(8080), image: "apps" } } },
    'services.web.image is not a key of images (app), and as a URI it lacks a tag or a digest: correct the key, or add a tag or a digest (got "apps")',
  ],
  [
    "an unknown service",
    { services: { web: { ...http(8080), environment: { API_URL: { service: "api" } } } } },
    'services.web.environment.API_URL is not a service: add it, with http: { port, loadBalancer: { network: "internal" } } (got {"service":"api"})',
  ],
  [
    "an unknown service, suggesting only those that have a URL",
    {
      services: {
        web: { ...http(8080), environment: { API_URL: { service: "backend" } } },
        worker: http(8081),
        api: { image, http: { port: 8082, loadBalancer: { network: "internal" } } },
      },
    },
    'services.web.environment.API_URL is not a service: choose one of api (got {"service":"backend"})',
  ],
  [
    "a mistyped service",
    { services: { web: { ...http(8080), environment: { URL: { service: "wbe" } } } } },
    'services.web.environment.URL is not a service: did you mean web? (got {"service":"wbe"})',
  ],
  [
    "a job at an unknown site",
    { jobs: { report: { ...job, site: "oslo" } } },
    'jobs.report.site is not a site: choose one of ams3 (got "oslo")',
  ],
  [
    "an unknown site of an entrance",
    { services: { web: http(8080, { sites: { oslo: false } }) } },
    "services.web.http.sites.oslo is not a site: choose one of ams3 (got false)",
  ],
  [
    "an entrance where no load balancer can be",
    { sites: { ams3, berlin }, services: { web: http(8080, { sites: { berlin: { allowFrom: [] } } }) } },
    'services.web.http.sites.berlin has no effect: site berlin can\'t have load balancers; remove it (got {"allowFrom":[]})',
  ],
  [
    "an unknown attribute",
    { services: { web: { ...http(8080), on: { rack: "1" } } } },
    'services.web.on.rack is not an attribute of any node: choose one of disk, or give a node this attribute (got "1")',
  ],
  [
    "an attribute's value that no node has",
    { services: { web: { ...http(8080), on: { disk: "tape" } } } },
    'services.web.on matches no node of ams3: give a node these attributes (got {"disk":"tape"})',
  ],
  [
    "the URL of a service that has no internal load balancer where it is asked for",
    {
      sites: { ams3, fra1 },
      services: {
        web: { ...http(8080), environment: { API_URL: { service: "api" } } },
        api: { ...http(8081, internal), placement: { ams3: 1 } },
      },
    },
    'services.web.environment.API_URL has no URL at site fra1, where service api has no internal load balancer: set services.api.http.loadBalancer.network to "internal", or place tasks only on other sites (got {"service":"api"})',
  ],
  [
    "an internal load balancer on premises",
    { sites: { ams3, berlin }, services: { api: http(8081, internal) } },
    "services.api.http.loadBalancer.network isn't possible at site berlin, which can't have load balancers: set services.api.http.sites.berlin to false, or place the service elsewhere (got \"internal\")",
  ],
  [
    "egress that its firewall has no room for",
    {
      sites: {
        ams3: {
          ...ams3,
          extraEgress: Array.from({ length: 45 }, () => ({
            protocol: "tcp",
            ports: "5432",
            addresses: ["198.51.100.7/32"],
          })),
        },
      },
      services: { web: http(8080) },
    },
    "sites.ams3 needs 51 firewall rules, and DigitalOcean allows 50: ",
  ],
  [
    "a site whose firewall would have more rules than one takes",
    {
      services: {
        api: http(8081, {
          loadBalancer: {
            network: "internal",
            listeners: Array.from({ length: 45 }, (_, index) => ({ protocol: "http", port: 8000 + index })),
          },
        }),
      },
    },
    "sites.ams3 needs 51 firewall rules, and DigitalOcean allows 50: use fewer rules in extraEgress, fewer services with load balancers, or fewer ports of internal ones (got ",
  ],
  [
    "more tasks than nodes with its attributes, where the port is fixed",
    { services: { web: { ...http(8080), placement: { ams3: 2 }, on: { disk: "ssd" } } } },
    "services.web.placement.ams3 must not exceed 1, the number of nodes that the site has for it: its port is fixed, so only one task fits on a node (got 2)",
  ],
  [
    "a job with the name of a service",
    { services: { web: http(8080) }, jobs: { web: job } },
    "jobs.web is also the name of a service, which would have the same roles and logs: choose another (got {",
  ],
  [
    "credentials for an image that is built",
    {
      images: { app: { build: "app" } },
      services: {
        web: {
          ...http(8080),
          image: "app",
          registryCredentials: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry",
        },
      },
    },
    "services.web.registryCredentials isn't needed for an image that is built here: remove it (got ",
  ],
  [
    "two mounts at one path",
    {
      services: {
        web: { ...http(8080), volumes: [{ hostPath: "/srv", containerPath: "/tmp" }], tmpfs: ["/tmp"] },
      },
    },
    "services.web.volumes mount something at /tmp twice: keep one (got [",
  ],
])("%s is refused", (_label, parts, problem) => {
  expect(problemsWith(parts)).toEqual([expect.stringContaining(problem)]);
});

test.each<[string, Parts]>([
  [
    "one port of two services without load balancers that `on` keeps apart",
    {
      services: {
        web: { ...http(8080, bare), on: { disk: "ssd" } },
        api: { ...http(8080, bare), on: { disk: "hdd" } },
      },
    },
  ],
  [
    "one port of two services that their placement keeps apart",
    {
      sites: { ams3, fra1 },
      services: {
        web: { ...http(8080), placement: { ams3: 1 } },
        api: { ...http(8080), placement: { fra1: 1 } },
      },
    },
  ],
  [
    "what `on` keeps apart, however much of a node each takes",
    {
      services: {
        web: { ...http(8080), memoryMiB: 600, on: { disk: "ssd" } },
        api: { ...http(8081), memoryMiB: 600, on: { disk: "hdd" } },
      },
    },
  ],
  [
    "an internal load balancer beside a site on premises that is taken out",
    { sites: { ams3, berlin }, services: { api: http(8081, { ...internal, sites: { berlin: false } }) } },
  ],
  [
    "more tasks than nodes where no port is fixed",
    { services: { worker: { image, memoryMiB: 64, placement: { ams3: 5 } } } },
  ],
])("%s is accepted", (_label, parts) => {
  expect(problemsWith(parts)).toEqual([]);
});

test("an environment in the form before services is refused with the new form, in one line", () => {
  expect(problemsOf({ ...oneSite, application: { image: { build: "app" } } })).toEqual([
    expect.stringMatching(
      /^test\.ts: application is no longer a setting: write images: \{ app: \{ build: "app" \} \} and services: \{ web: .*see CHANGELOG\.md$/,
    ),
  ]);
});
