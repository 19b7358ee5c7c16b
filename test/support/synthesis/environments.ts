import type { Environment } from "../../../config/schema";

/** One DigitalOcean site with two nodes: as little as a deployment needs. */
export const oneSite = {
  name: "shop",
  aws: { region: "eu-west-1", accountId: "123456789012" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  services: { web: { image: "registry.example/shop/app:v1", http: { port: 8080, handover: "app" } } },
} satisfies Environment;

/** Two DigitalOcean sites and one on premises, with about every setting that there is. */
export const threeSites = {
  name: "shop",
  aws: { region: "eu-west-1", accountId: "123456789012" },
  tags: { team: "platform" },
  logRetentionDays: 7,
  sites: {
    ams3: {
      kind: "digitalocean",
      region: "ams3",
      size: "s-2vcpu-2gb",
      nodes: {
        "web-1": {},
        "web-2": { size: "s-2vcpu-4gb", attributes: { disk: "ssd" } },
        "web-3": { replacement: 2 },
      },
      vpc: { ipRange: "10.20.0.0/20" },
      ssh: { keys: ["3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"], allowFrom: ["203.0.113.0/24"] },
      extraEgress: [{ protocol: "tcp", ports: "5432", addresses: ["198.51.100.0/24"] }],
    },
    fra1: { kind: "digitalocean", region: "fra1", nodes: 1 },
    berlin: {
      kind: "on-premises",
      nodes: { "rack-1": {}, "rack-2": {} },
      activationDays: 30,
      awaitNodes: true,
    },
  },
  images: { app: { build: "app" } },
  services: {
    web: {
      image: "registry.example/shop/app:v1",
      environment: { LOG_LEVEL: "info", API_URL: { service: "api" } },
      secrets: {
        DB_PASSWORD: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::",
        API_KEY: "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/api-key",
      },
      secretKeys: ["arn:aws:kms:eu-west-1:123456789012:key/0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11"],
      placement: { ams3: 2 },
      exec: true,
      rollout: { atOnce: 1, timeoutMinutes: 30 },
      http: {
        port: 3000,
        handover: "app",
        loadBalancer: {
          allowFrom: ["203.0.113.0/24"],
          listeners: [
            { protocol: "http", port: 80, redirectTo: 443 },
            { protocol: "https", port: 443, certificate: { domains: ["www.example.com"] } },
            { protocol: "https", port: 8443, certificate: { name: "existing" } },
          ],
        },
      },
    },
    api: {
      image: "app",
      placement: { ams3: 2, fra1: 1 },
      permissions: [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::shop-files/*"] }],
      volumes: [{ hostPath: "/srv/api", containerPath: "/data", readOnly: true }],
      healthCommand: ["node", "--version"],
      stopSeconds: 20,
      http: {
        port: 3001,
        containerPort: 8080,
        health: { path: "/up", intervalSeconds: 5 },
        loadBalancer: { network: "internal" },
        sites: { fra1: { listeners: [{ protocol: "http", port: 8000 }] } },
      },
    },
    worker: {
      image:
        "private.example/shop/worker@sha256:0f4c5b1d7d5a0f3fbc7e5ed4a05a1e7d8a1c9d5b6e8f7a6b5c4d3e2f1a0b9c8d",
      registryCredentials: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry",
      entryPoint: ["/bin/worker"],
      command: ["--queue", "mail"],
      user: "1000:1000",
      security: "strict",
      tmpfs: ["/tmp"],
      placement: { ams3: 1, berlin: 2 },
    },
  },
  jobs: {
    report: {
      image: "app",
      command: ["node", "report.js"],
      environment: { API_URL: { service: "api" } },
      schedule: "cron(30 4 * * ? *)",
      timezone: "Europe/Berlin",
      site: "ams3",
      on: { disk: "ssd" },
    },
  },
  monitoring: {
    subscribers: [
      { protocol: "email", endpoint: "ops@example.com" },
      { protocol: "https", endpoint: "https://hooks.example.com/alerts?team=platform" },
    ],
  },
} satisfies Environment;
