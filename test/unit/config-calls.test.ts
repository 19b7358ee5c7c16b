import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const ams3 = { kind: "digitalocean", region: "ams3", nodes: { a: { attributes: { disk: "ssd" } } } };
const fra1 = { kind: "digitalocean", region: "fra1", nodes: 1 };
const small = { image: "registry.example/shop/app:v1", memoryMiB: 64, cpuUnits: 64 };
const api = (loadBalancer: object = {}, more: object = {}) => ({
  ...small,
  http: { port: 8081, loadBalancer: { network: "internal", ...loadBalancer } },
  ...more,
});
const caller = (more: object = {}) => ({ ...small, environment: { API_URL: { service: "api" } }, ...more });

const problemsWith = (services: object, sites: object = { ams3 }) =>
  problemsOf({ name: "shop", aws: oneSite.aws, sites, services });

const https = { protocol: "https", port: 443, certificate: { name: "own" } };
const http = { protocol: "http", port: 80 };
const variable = "test.ts: services.web.environment.API_URL";

test.each([
  ["https alone", [https]],
  ["a redirect to https", [{ ...http, redirectTo: 443 }, https]],
])(
  "the URL of an internal service with %s is refused, since no certificate is valid for its address",
  (_label, listeners) => {
    expect(problemsWith({ api: api({ listeners }), web: caller() })).toEqual([
      `${variable} has no URL at site ams3: service api listens there only on https, and no certificate is valid for a private address; give its load balancer an http listener without redirectTo, or write out the URL (got {"service":"api"})`,
    ]);
    expect(problemsWith({ api: api({ listeners }), web: caller({ environment: {} }) })).toEqual([]);
  },
);

test("the URL of an internal service that also has an http listener is accepted", () => {
  expect(problemsWith({ api: api({ listeners: [https, http] }), web: caller() })).toEqual([]);
});

const onSsd = { on: { disk: "ssd" } };

test("a load balancer is refused at a site where no node may run its service", () => {
  const problem = (where: string) =>
    `test.ts: services.api.on matches no node of site fra1, where the load balancer would lead nowhere: set services.api.http.sites.fra1 to false, or give a node ${where}`;
  const sites = { ams3, fra1 };
  expect(problemsWith({ api: api({}, onSsd) }, sites)).toEqual([
    problem('these attributes (got {"disk":"ssd"})'),
  ]);
  const without = { ...api({}, onSsd), http: { port: 8081, sites: { fra1: false } } };
  expect(problemsWith({ api: without }, sites)).toEqual([]);
  expect(problemsWith({ api: api({}, { ...onSsd, placement: { ams3: 1 } }) }, sites)).toEqual([]);
  expect(problemsWith({ api: api({}, onSsd) }, { ams3, fra1: { ...fra1, nodes: 0 } })).toEqual([]);
  expect(problemsWith({ api: { ...small, ...onSsd } }, sites)).toEqual([]);
});

test("the URL of a service is refused at a site where it has no tasks, unless the site has no nodes", () => {
  const web = caller({ placement: { fra1: 1 } });
  const problem = `${variable} has no URL at site fra1, where service api can't have a task: place one there, or place tasks of this one only on other sites (got {"service":"api"})`;
  const sites = { ams3, fra1 };
  const scaledDown = api({}, { placement: { ams3: 1, fra1: 0 } });
  expect(problemsWith({ api: scaledDown, web }, sites)).toEqual([problem]);
  expect(problemsWith({ api: scaledDown, web: caller({ placement: { ams3: 1 } }) }, sites)).toEqual([]);
  expect(problemsWith({ api: scaledDown, web: caller() }, { ams3, fra1: { ...fra1, nodes: 0 } })).toEqual([]);
  expect(problemsWith({ api: api({}, onSsd), web }, sites)).toContain(problem);
});
