import type { Environment } from "../../../config/schema";
import { oneSite, threeSites } from "./environments";

/** Every text of a container that is no text in {@link threeSites}. */
const everyText = {
  command: ["run"],
  entryPoint: ["/bin/sh"],
  user: "1000",
  secrets: { KEY: "arn:aws:ssm:eu-west-1:123456789012:parameter/key" },
  secretKeys: ["arn:aws:kms:eu-west-1:123456789012:key/0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11"],
  volumes: [{ hostPath: "/srv", containerPath: "/data" }],
  permissions: [{ actions: ["s3:GetObject"], resources: ["*"] }],
  tmpfs: ["/tmp"],
} satisfies Partial<NonNullable<Environment["jobs"]>[string]>;

/** Environments that fill every text there is between them. */
export const everyTextFilled: readonly Environment[] = [
  {
    ...threeSites,
    aws: { ...threeSites.aws, kmsKeyId: "0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11" },
    sites: {
      ...threeSites.sites,
      ams3: {
        ...threeSites.sites.ams3,
        image: "ubuntu-24-04-x64",
        nodes: {
          "web-1": { attributes: { disk: "ssd" } },
          "web-2": { size: "s-2vcpu-4gb", image: "debian-12-x64" },
        },
      },
      berlin: { kind: "on-premises", nodes: { "rack-1": { attributes: { rack: "left" } }, "rack-2": {} } },
    },
    installer: { signingKey: "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F" },
    backend: { kind: "s3", bucket: "states", region: "eu-west-1", kmsKeyId: "alias/states" },
    services: {
      ...threeSites.services,
      web: { ...threeSites.services.web, on: { disk: "ssd" }, placement: { ams3: 1 } },
    },
    jobs: {
      report: { ...threeSites.jobs.report, ...everyText, environment: { LEVEL: "info" } },
      clean: {
        image: "private.example/clean:v1",
        registryCredentials: threeSites.services.worker.registryCredentials,
        schedule: "rate(1 day)",
        site: "berlin",
      },
    },
    monitoring: { subscribers: [{ protocol: "email", endpoint: "somebody@example.com" }] },
  },
  {
    ...oneSite,
    backend: { kind: "cloud", organization: "acme", hostname: "app.terraform.io", project: "shops" },
    proxy: { image: "registry.example/haproxy:3.2" },
    images: { app: { build: "app" } },
    services: {
      web: {
        image: "app",
        ...everyText,
        environment: { API_URL: { service: "api" } },
        healthCommand: ["true"],
        http: {
          port: 8080,
          sites: {
            ams3: {
              allowFrom: ["203.0.113.0/24"],
              listeners: [
                { protocol: "https", port: 443, certificate: { domains: ["www.example.com"] } },
                { protocol: "https", port: 8443, certificate: { name: "existing" } },
              ],
            },
          },
        },
      },
      api: { image: "app", http: { port: 8081, loadBalancer: { network: "internal" } } },
    },
    jobs: {
      report: {
        image: "app",
        memoryMiB: 40,
        environment: { API_URL: { service: "api" } },
        schedule: "rate(1 hour)",
        site: "ams3",
      },
    },
  },
  { ...oneSite, backend: { kind: "local", folder: "state" } },
  {
    ...oneSite,
    backend: {
      kind: "cloud",
      organization: "acme",
      execution: "agent",
      agentPool: "private",
      runRoleArn: `arn:aws:iam::${oneSite.aws.accountId}:role/runs`,
    },
  },
];
