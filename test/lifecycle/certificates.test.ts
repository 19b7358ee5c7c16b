import { PutParameterCommand } from "@aws-sdk/client-ssm";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { motoClient } from "../../local-cloud/aws/moto/moto-client";
import { isPermitted } from "../../local-cloud/aws/moto/permissions";
import { startLoad } from "../../local-cloud/load/load";
import { listCertificates, requestCertificate, rootOf } from "../support/observation/certificates";
import { awsClients, findSite, nothing } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { getSecurely, type SecureAnswer } from "../support/observation/https-client";
import { refuse } from "../support/deployments/injection";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { sample, type SiteSettings } from "../support/deployments/sample-environment";
import { mayListen, testOfLowPorts } from "../support/jest/low-ports";
import { machineOf } from "../support/observation/nodes";
import { readBy } from "../support/deployments/secret-reader";
import { startService, type NodeService } from "../support/deployments/node-service";

const domain = "www.example.com";
const parameter = (name: string) => `arn:aws:ssm:eu-west-1:123456789012:parameter/shop/${name}`;
const pages = "arn:aws:s3:::shop-pages/*";
const mayDo = (action: string, resource: string) => ({ actions: [action], resources: [resource] });
const port = mayListen ? 443 : 8443;

type Listeners = NonNullable<Exclude<NonNullable<SiteSettings["loadBalancer"]>, false>["listeners"]>;
type ListenerCertificate = Extract<Listeners[number], { protocol: "https" }>["certificate"];

function site(
  nodes: number,
  certificate: ListenerCertificate,
  more: { readonly listeners?: Listeners; readonly allowFrom?: string[] } = {},
): SiteSettings {
  const { listeners = [], allowFrom = [] } = more;
  const https = { protocol: "https" as const, port, certificate };
  return {
    kind: "digitalocean",
    region: "ams3",
    nodes,
    loadBalancer: { allowFrom, listeners: [...listeners, https] },
  };
}

const redirect: Listeners = mayListen ? [{ protocol: "http", port: 80, redirectTo: 443 }] : [];
const web = (...domains: string[]) => site(1, { domains }, { listeners: redirect });

let life: LifeCycle;
let service: NodeService;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "certificates",
    environment: {
      services: {
        web: sample({
          secrets: { API_KEY: parameter("api-key") },
          permissions: [mayDo("s3:GetObject", pages)],
        }),
        worker: {
          image: "localhost/anywhere/app:v1",
          memoryMiB: 64,
          secrets: { QUEUE_KEY: parameter("queue-key") },
          permissions: [mayDo("s3:PutObject", pages)],
        },
      },
    },
    sites: {
      web: web(domain),
      existing: site(0, { name: "by-hand" }, { allowFrom: ["127.0.0.1/32"] }),
      refused: site(0, { domains: ["www.example.net"] }),
      broken: site(0, { domains: ["broken.example.com"] }),
    },
  });
  await requestCertificate(life.cloud, "by-hand", "*.example.com");
  const [first, second] = await Promise.all([life.site("web").apply(), life.site("existing").apply()]);
  expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
  service = await startService(life, { site: "web", node: "node-1", lameDuckSeconds: 0, strategy: "DAEMON" });
}, 600_000);

afterAll(() => life.stop());

async function addressOf(name: string): Promise<string> {
  return ((await life.site(name).outputs())["load_balancer_ips"] as { web: string }).web;
}

/** Reads a page of a site over TLS, trusting nobody but the cloud's own authority. */
async function read(name: string, more: { readonly localAddress?: string } = {}): Promise<SecureAnswer> {
  return getSecurely({ ip: await addressOf(name), port, domain, root: rootOf(life.cloud), ...more });
}

/** Waits until the node is behind its load balancer. */
function served(): Promise<SecureAnswer> {
  return eventually("a page of the node", async () => {
    const answer = await read("web");
    return answer.status === 200 ? answer : undefined;
  });
}

test("a site's domains are served with a certificate of their own, and a second plan is empty", async () => {
  const answer = await served();
  expect(JSON.parse(answer.body)).toMatchObject({ site: "web", node: "node-1" });
  expect(answer.domains).toEqual([domain]);
  expect(await listCertificates(life.cloud)).toContainEqual({
    name: expect.stringContaining(`shop--web--web-${port}-`),
    state: "verified",
    domains: [domain],
    fingerprint: answer.fingerprint,
  });
  expect((await life.site("web").outputs())["urls"]).toEqual({
    web: expect.arrayContaining([port === 443 ? `https://${domain}` : `https://${domain}:${port}`]),
  });
  expect(await life.changes("compute-web")).toEqual({});
}, 300_000);

testOfLowPorts(
  "a client that uses http is redirected to https, and finds the page there",
  async () => {
    await served();
    const headers = { host: domain };
    const answer = await fetch(`http://${await addressOf("web")}/page?q=1`, { headers, redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([
      307,
      expect.stringMatching(/^https:\/\/[^:/]+\/page\?q=1$/),
    ]);
    expect(await read("web")).toMatchObject({ status: 200 });
  },
  300_000,
);

test("an execution role reads its own service's secrets for a task, but not another service's", async () => {
  const { ssm } = awsClients(life.cloud);
  const values = { "api-key": randomUUID(), "queue-key": randomUUID() };
  for (const [name, Value] of Object.entries(values)) {
    await ssm.send(new PutParameterCommand({ Name: `/shop/${name}`, Value, Type: "SecureString" }));
  }
  ssm.destroy();
  const roles = (await life.controlPlane.outputs())["execution_role_arns"] as { web: string; worker: string };
  const read = (role: string, name: keyof typeof values) =>
    readBy(life, { role, secret: parameter(name), value: values[name] });
  const [ofWeb, ofWorker, ...denied] = await Promise.all([
    read(roles.web, "api-key"),
    read(roles.worker, "queue-key"),
    read(roles.web, "queue-key"),
    read(roles.worker, "api-key"),
  ]);
  expect(ofWeb.containers).toMatchObject([{ exitCode: 42 }]);
  expect(ofWorker.containers).toMatchObject([{ exitCode: 42 }]);
  expect(denied).toMatchObject(
    ["queue-key", "api-key"].map((name) => ({
      stopCode: "TaskFailedToStart",
      stoppedReason: expect.stringMatching(
        new RegExp(
          `^Fetching secret data from SSM Parameter Store in eu-west-1: AccessDeniedException: .*ssm:GetParameters on resource: \\S+/${name} `,
        ),
      ),
    })),
  );
  const console = await life.cloud.admin.console(await machineOf(life, "web", "node-1"));
  const told = JSON.stringify([await life.since(0), ofWeb, ofWorker, denied, console]);
  expect(Object.values(values).filter((value) => told.includes(value))).toEqual([]);
}, 300_000);

test("a task role allows only what its own service's permissions list", async () => {
  const iam = motoClient(
    Number(new URL(life.cloud.environment["AWS_ENDPOINT_URL"] ?? "").port),
    "123456789012",
  );
  const roles = (await life.controlPlane.outputs())["task_role_arns"] as { web: string; worker: string };
  const permitted = async (role: string, action: string, object: string) =>
    isPermitted(iam, role.split("/").at(-1) ?? "", { action, resource: `arn:aws:s3:::${object}` });
  const asked = [
    ["s3:GetObject", "shop-pages/index.html"],
    ["s3:PutObject", "shop-pages/index.html"],
    ["s3:GetObject", "other-pages/index.html"],
    ["s3:DeleteObject", "shop-pages/index.html"],
  ] as const;
  const of = (role: string) => Promise.all(asked.map(([action, object]) => permitted(role, action, object)));
  expect(await of(roles.web)).toEqual([true, false, false, false]);
  expect(await of(roles.worker)).toEqual([false, true, false, false]);
}, 60_000);

test("changed domains take effect under load without a failed request, and the old certificate is deleted", async () => {
  const before = await served();
  const [ip, root] = [await addressOf("web"), rootOf(life.cloud)];
  const load = await startLoad({ url: `https://${ip}:${port}/`, tls: { servername: domain, ca: root } });
  const seen: string[] = [];
  const watched = new AbortController();
  // The load keeps its connections; these are new ones.
  const watching = (async () => {
    while (!watched.signal.aborted) {
      const { status, fingerprint } = await getSecurely({ ip, port, domain, root });
      seen.push(status === 200 ? fingerprint : `status ${status}`);
      await pause(50);
    }
  })();
  life.configure({ web: web(domain, "shop.example.com") });
  expect(await life.changes("compute-web")).toEqual({
    [`digitalocean_certificate.web-${port}`]: "create, delete",
    "digitalocean_loadbalancer.web": "update",
  });
  expect(await life.site("web").apply()).toSucceed();
  const after = await read("web");
  watched.abort();
  await watching;
  expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  expect([...new Set(seen)]).toEqual([before.fingerprint, after.fingerprint]);
  expect([...after.domains].sort()).toEqual(["shop.example.com", domain]);
  const fingerprints = (await listCertificates(life.cloud)).map(({ fingerprint }) => fingerprint);
  expect(fingerprints).toContain(after.fingerprint);
  expect(fingerprints).not.toContain(before.fingerprint);
  expect(await life.changes("compute-web")).toEqual({});

  await service.remove();
  expect(await life.site("web").destroy()).toSucceed();
  expect(await life.site("web").state()).toEqual([]);
  expect(await findSite(life.cloud, life.deployment, "web")).toEqual(nothing);
  expect((await listCertificates(life.cloud)).map(({ name }) => name)).toEqual(["by-hand"]);
}, 600_000);

test("an existing certificate serves the clients that the site allows, and outlives the site", async () => {
  const answer = await read("existing", { localAddress: "127.0.0.1" });
  expect(answer.domains).toEqual(["*.example.com"]);
  expect(await listCertificates(life.cloud)).toContainEqual({
    name: "by-hand",
    state: "verified",
    domains: ["*.example.com"],
    fingerprint: answer.fingerprint,
  });
  await expect(read("existing", { localAddress: "127.0.0.2" })).rejects.toThrow();
  expect(await life.changes("compute-existing")).toEqual({});
  expect(await life.site("existing").destroy()).toSucceed();
  expect((await listCertificates(life.cloud)).map(({ name }) => name)).toContain("by-hand");
}, 300_000);

test("a certificate that can't be issued fails the apply; the next one creates it, or a destroy removes it", async () => {
  const others = (await listCertificates(life.cloud)).map(({ name }) => name);
  const [refused, broken] = [life.site("refused"), life.site("broken")];
  const elsewhere = await refused.apply();
  expect(elsewhere).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("not managed by DigitalOcean: www.example.net"),
  });

  const authority = { service: "digitalocean", operation: "issue", contains: "broken.example.com" } as const;
  await refuse(life, { ...authority, status: 403, code: "dns" });
  expect(await broken.apply()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /waiting for certificate \(shop--broken--web-\S+\) to become active.*'error'/s,
    ),
  });
  expect(await broken.state()).not.toContain("digitalocean_loadbalancer.web");
  await life.cloud.admin.clearFaults();
  // The one that failed keeps its name, of the second in which it was created: on a fast computer that is this one.
  await pause(1000);
  expect(await broken.apply()).toSucceed();
  expect(await listCertificates(life.cloud)).toContainEqual(
    expect.objectContaining({ domains: ["broken.example.com"], state: "verified" }),
  );

  const ended = await Promise.all([refused.destroy(), broken.destroy()]);
  expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect([await refused.state(), await broken.state()]).toEqual([[], []]);
  expect((await listCertificates(life.cloud)).map(({ name }) => name)).toEqual(others);
}, 300_000);
