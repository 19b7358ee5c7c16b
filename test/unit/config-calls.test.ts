import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const ams3 = { kind: "digitalocean", region: "ams3", nodes: { a: { attributes: { disk: "ssd" } } } };
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
  "the URL of an internal service with %s can't be had, whose address no certificate names",
  (_label, listeners) => {
    expect(problemsWith({ api: api({ listeners }), web: caller() })).toEqual([
      `${variable} has no URL at site ams3: service api listens there by https alone, and no certificate names a private address; give its load balancer an http listener, which redirects nowhere, or write the URL out (got {"service":"api"})`,
    ]);
    expect(problemsWith({ api: api({ listeners }), web: caller({ environment: {} }) })).toEqual([]);
  },
);

test("the URL of an internal service with an http listener beside can be had", () => {
  expect(problemsWith({ api: api({ listeners: [https, http] }), web: caller() })).toEqual([]);
});
