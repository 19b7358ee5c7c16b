import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const { ams3 } = oneSite.sites;
const fra1 = { kind: "digitalocean", region: "fra1", nodes: 1 };
const berlin = { kind: "on-premises", nodes: { "rack-1": {} } };
const allowFrom = ["203.0.113.0/24"];
const ops = { protocol: "email", endpoint: "ops@example.com" };

const problemsWith = (http: object, parts: object = {}, service: object = {}) => {
  const web = { image: "registry.example/shop/app:v1", ...service, http: { port: 8080, ...http } };
  return problemsOf({ name: oneSite.name, aws: oneSite.aws, sites: { ams3 }, services: { web }, ...parts });
};

test("subscribers to alerts are refused while monitoring is off", () => {
  expect(problemsWith({}, { monitoring: { enabled: false, subscribers: [ops] } })).toEqual([
    'test.ts: monitoring.subscribers has no effect while monitoring.enabled is false: remove it, or enable monitoring (got [{"protocol":"email","endpoint":"ops@example.com"}])',
  ]);
  expect(problemsWith({}, { monitoring: { enabled: false, subscribers: [] } })).toEqual([]);
  expect(problemsWith({}, { monitoring: { subscribers: [ops] } })).toEqual([]);
});

test("what differs at a site is refused where the service isn't placed", () => {
  const differing = { sites: { fra1: { allowFrom } } };
  const sites = { ams3, fra1 };
  expect(problemsWith(differing, { sites }, { placement: { ams3: 1 } })).toEqual([
    'test.ts: services.web.http.sites.fra1 has no effect: the service isn\'t placed there; remove it, or name the site in services.web.placement (got {"allowFrom":["203.0.113.0/24"]})',
  ]);
  expect(problemsWith(differing, { sites }, { placement: { ams3: 1, fra1: 0 } })).toEqual([]);
  expect(problemsWith(differing, { sites })).toEqual([]);
  expect(problemsWith({ sites: { fra1: false } }, { sites }, { placement: { ams3: 1 } })).toEqual([]);
});

test.each<[string, object, object, object]>([
  ["that can have none", {}, { sites: { berlin } }, {}],
  ["that are all set to have none", { sites: { ams3: false } }, {}, {}],
  [
    "of which the rest has no task of it",
    { sites: { ams3: false } },
    { sites: { ams3, fra1 } },
    { placement: { ams3: 1 } },
  ],
])("settings of load balancers are refused for sites %s", (_, http, parts, service) => {
  expect(problemsWith({ loadBalancer: { allowFrom }, ...http }, parts, service)).toEqual([
    'test.ts: services.web.http.loadBalancer has no effect: the service has a load balancer at none of its sites; remove it (got {"allowFrom":["203.0.113.0/24"]})',
  ]);
  expect(problemsWith(http, parts, service)).toEqual([]);
  expect(problemsWith({ loadBalancer: false, ...http }, parts, service)).toEqual([]);
});

test("settings of load balancers are accepted as soon as one site has one", () => {
  const loadBalancer = { allowFrom };
  expect(problemsWith({ loadBalancer }, { sites: { ams3, berlin } })).toEqual([]);
  expect(problemsWith({ loadBalancer, sites: { ams3: false } }, { sites: { ams3, fra1 } })).toEqual([]);
  expect(problemsWith({ loadBalancer, sites: { ams3: { network: "public" } } })).toEqual([]);
});
