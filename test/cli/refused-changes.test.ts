import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../config/schema";
import { accountId, createProject, onPremises, type Project } from "./project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(120_000);

const sites = {
  ams3: { kind: "digitalocean", region: "ams3", nodes: 1 },
  office: onPremises("rack-1"),
} satisfies Environment["sites"];

const traces = ["state", "elsewhere", "cdktf.out", ".anywhere", "record"];
const variables = { DIGITALOCEAN_TOKEN: "test" };

let project: Project;
const at = (path: string) => join(project.folder, path);
const run = (...args: string[]) => project.anywhere(args, variables);

beforeAll(async () => {
  project = await createProject();
  project.configure({ sites });
  expect(await run("deploy", "--auto-approve")).toSucceed();
  for (const path of traces.filter((name) => name !== "elsewhere")) {
    cpSync(at(path), at(`deployed/${path}`), { recursive: true });
  }
});

afterAll(() => project.remove());

// Every test begins with everything deployed, once for all of them.
beforeEach(() => {
  for (const path of traces) {
    rmSync(at(path), { recursive: true, force: true });
  }
  cpSync(at("deployed"), project.folder, { recursive: true });
  rmSync(at("record"));
  project.configure({ sites });
});

/** Runs commands that must refuse, and returns what they say, which is the same. */
async function refusal(...commands: string[][]): Promise<string> {
  const said = new Set<string>();
  for (const command of commands) {
    const { exitCode, stdout, stderr } = await run(...command);
    expect({ command, exitCode, stdout }).toEqual({ command, exitCode: 1, stdout: "" });
    said.add(stderr.replace(/^environment: .*\n/, ""));
  }
  expect(project.lines("record")).toEqual([]);
  expect(said.size).toBe(1);
  return [...said][0] ?? "";
}

const [deploy, destroy, diff] = [["deploy", "--auto-approve"], ["destroy", "--auto-approve"], ["diff"]];

test("another AWS region is refused by every command, and the former one still works", async () => {
  project.configure({ sites, aws: { region: "eu-central-1", accountId } });
  expect(await refusal(deploy, destroy, diff)).toBe(
    "environment.json: aws.region is eu-central-1, but cli-test is deployed in eu-west-1, where nothing would be changed " +
      'or destroyed any more. Put eu-west-1 back; to move, run "npm run destroy" with it, and then deploy with eu-central-1.\n',
  );
  // Also where the states of the first stacks are gone.
  rmSync(at("state/cli-test--control-plane.tfstate"));
  expect(await refusal(destroy)).toContain("aws.region is eu-central-1");
  project.configure({ sites });
  expect(await run("destroy", "--auto-approve", "service-web")).toSucceed();
});

test("another account is refused even with its credentials", async () => {
  const other = "444455556666";
  project.configure({ sites, aws: { region: "eu-west-1", accountId: other } });
  const { exitCode, stderr } = await project.anywhere(destroy, {
    ...variables,
    AWS_ACCESS_KEY_ID: `test-of-${other}`,
  });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    `environment.json: aws.accountId is ${other}, but cli-test is deployed in ${accountId}`,
  );
  expect(project.lines("record")).toEqual([]);
});

test("a state of an earlier release shows the AWS region by its cluster, but neither a site's region nor the port", async () => {
  const earlier = { ...variables, WITHOUT_OUTPUTS: "region,port" };
  expect(await project.anywhere(deploy, earlier)).toSucceed();
  project.configure({ sites, services: { web: { image: "registry.example/app:v1", http: { port: 8081 } } } });
  expect(await project.anywhere(diff, earlier)).toSucceed();
});

test("another name is refused while the former is deployed", async () => {
  project.configure({ sites, name: "cli-renamed" });
  const said = await refusal(destroy);
  expect(said).toMatch(
    /^environment\.json: name was cli-test, and is cli-renamed now, but cli-test is still deployed: control-plane \(resources: 1, in \S+state\/cli-test--control-plane\.tfstate\), activations .*, compute-ams3 .*, compute-office .*, service-web .*\. A deployment can't be renamed: put cli-test back\./,
  );
  // Also a site that is no longer in the file, and when the output is gone.
  rmSync(at("cdktf.out"), { recursive: true });
  project.configure({ sites: { office: sites.office }, name: "cli-renamed" });
  expect(await refusal(diff)).toContain("compute-ams3 (resources: 3");
});

test("another name is accepted once the former is destroyed", async () => {
  expect(await run(...destroy)).toSucceed();
  project.configure({ sites: { office: sites.office }, name: "cli-renamed" });
  expect(await run(...deploy)).toSucceed();
  expect(project.lines("record").slice(-1)).toEqual(["+ service-web service"]);
});

test("another backend is refused while the former has the states, and accepted once they are moved", async () => {
  const backend = { kind: "local", folder: "elsewhere" } as const;
  project.configure({ sites, backend });
  const said = await refusal(deploy);
  expect(said).toMatch(
    /^environment\.json: backend has changed, and the former one still has states with deployed resources: control-plane \(resources: 1, in \S+state\/cli-test--control-plane\.tfstate\)/,
  );
  expect(said).toContain('docs/state-and-secrets.md says under "Move to another backend"');
  // Known by what plain Terraform was initialised for, too.
  rmSync(at(".anywhere"), { recursive: true });
  expect(await refusal(diff)).toBe(said);
  renameSync(at("state"), at("elsewhere"));
  expect(await run(...diff)).toSucceed();
});

test("another region of a site and another port of a service are refused with the steps to take", async () => {
  project.configure({
    sites: { ...sites, ams3: { ...sites.ams3, region: "fra1" } },
    services: { web: { image: "registry.example/app:v1", http: { port: 8081 } } },
  });
  const said = await refusal(diff, ["deploy", "--auto-approve", "compute-office"]);
  expect(said).toContain(
    "environment.json: sites.ams3.region is fra1, but the site is deployed in ams3: its nodes and its load balancer would " +
      "be destroyed before others are made. Put ams3 back, add a site for fra1 under another name, deploy,",
  );
  expect(said).toContain(
    "environment.json: services.web.http.port is 8081, but the service is deployed with 8080:",
  );

  project.configure({ sites, services: { web: { image: "registry.example/app:v1", http: { port: 8081 } } } });
  expect(await run("destroy", "--auto-approve", "service-web")).toSucceed();
  expect(await run(...deploy)).toSucceed();
});

test("a change between tasks on every node and a number of tasks is refused with the steps to take", async () => {
  const web = { image: "registry.example/app:v1", http: { port: 8080 } };
  project.configure({ sites, services: { web: { ...web, placement: { office: 1 } } } });
  expect(await refusal(diff, ["deploy", "--auto-approve", "compute-office"])).toBe(
    "environment.json: services.web.placement is a number of tasks for each site, but the service is deployed with " +
      '"every-node": ECS can\'t change one into the other, and its tasks would end before others start. Put it back, or ' +
      'run "npm run destroy -- service-web" and then "npm run deploy", which stops the service until the deploy is complete.\n',
  );
  expect(await run("destroy", "--auto-approve", "service-web")).toSucceed();
  expect(await run(...deploy)).toSucceed();
  rmSync(at("record"));
  project.configure({ sites, services: { web } });
  expect(await refusal(diff)).toContain(
    'services.web.placement is "every-node", but the service is deployed with a number of tasks for each site:',
  );
});

test("a change that tasks must follow before load balancers is refused until their service is deployed", async () => {
  const web = (http: object) => ({
    web: { image: "registry.example/app:v1", http: { port: 8080, ...http } },
  });
  const first =
    'has changed in a way that tasks must follow before load balancers do: run "npm run deploy -- service-web" first, and then ' +
    '"npm run deploy".\n';
  project.configure({ sites, services: web({ health: { unhealthyAfter: 5 } }) });
  expect(await refusal(deploy, diff, [...deploy, "compute-ams3"])).toBe(
    `environment.json: services.web.http.health ${first}`,
  );
  // Where the service has no load balancer, the order doesn't matter.
  expect(await run("diff", "compute-office")).toSucceed();
  expect(await run(...deploy, "service-web")).toSucceed();
  expect(await run("diff", "compute-ams3", "service-web")).toSucceed();
  // Shorter times go in the usual order, but not together with longer ones.
  project.configure({ sites, services: web({}) });
  expect(await run("diff", "compute-ams3")).toSucceed();
  project.configure({ sites, services: web({ health: { healthyAfter: 5 } }) });
  expect(await refusal(diff, [...deploy, "service-web"])).toContain(
    "services.web.http.health makes one of a task's times longer and the other shorter:",
  );
});

test("the path that load balancers request changes only from the app's to the proxy's, and tasks come first", async () => {
  const web = (http: object) => ({
    web: { image: "registry.example/app:v1", http: { port: 8080, ...http } },
  });
  // Load balancers ask the proxy, whichever path it asks.
  project.configure({ sites, services: web({ health: { path: "/up" } }) });
  expect((await run("diff", "compute-ams3", "service-web")).exitCode).toBe(0);
  project.configure({ sites, services: web({ handover: "app" }) });
  expect(await refusal(diff, [...deploy, "service-web"])).toBe(
    "environment.json: services.web.http.handover is app, but the service is deployed with proxy: load balancers would " +
      'request a path that its tasks don\'t know. Put proxy back, or run "npm run destroy -- service-web" ' +
      'and then "npm run deploy", which stops the service until the deploy is complete.\n',
  );
  expect(await run("destroy", "--auto-approve", "service-web")).toSucceed();
  expect(await run(...deploy)).toSucceed();
  rmSync(at("record"));

  project.configure({ sites, services: web({ handover: "app", health: { path: "/up" } }) });
  expect(await refusal(diff)).toContain(
    "services.web.http.health.path is /up, but the service is deployed with /healthz:",
  );
  project.configure({ sites, services: web({}) });
  expect(await refusal(deploy)).toContain(
    'services.web.http.handover has changed in a way that tasks must follow before load balancers do: run "npm run deploy -- service-web" first,',
  );
  expect(await run(...deploy, "service-web")).toSucceed();
  expect((await run("diff", "compute-ams3")).exitCode).toBe(0);
});

test("an image can be removed from the file only when no deployed service or job runs it", async () => {
  const services = (version: string) => ({
    web: { image: `registry.example/${version}`, http: { port: 8080 } },
  });
  const jobs = (version: string) => ({
    report: { image: `registry.example/${version}`, schedule: "rate(1 hour)", site: "office" },
  });
  const images = { app: { build: "app" }, old: { build: "app" } };
  mkdirSync(at("app"), { recursive: true });
  writeFileSync(at("app/Dockerfile"), "FROM scratch\n");
  project.configure({ sites, images, services: services("app:v1"), jobs: jobs("app:v1") });
  expect(await run(...deploy)).toSucceed();
  rmSync(at("record"));
  // One that nobody runs goes at once.
  project.configure({ sites, services: services("other:v1"), jobs: jobs("other:v1") });
  expect(await refusal(diff, deploy)).toBe(
    "environment.json: images.app is gone, but the deployed tasks of services.web, jobs.report still run it: its repository " +
      "would be deleted before other tasks take their place. Put it back, give them other images and deploy, and only " +
      "then remove it.\n",
  );
  project.configure({ sites, images, services: services("other:v1"), jobs: jobs("other:v1") });
  expect(await run(...deploy)).toSucceed();
  project.configure({ sites, services: services("other:v1"), jobs: jobs("other:v1") });
  expect(await run(...deploy)).toSucceed();
});

test("a destroy that finds no state says where it looked, and succeeds only with --if-exists", async () => {
  rmSync(at("state"), { recursive: true });
  const said = await refusal(destroy);
  expect(said).toBe(
    [
      "Nothing was destroyed: there is no state of cli-test. It was looked for in",
      ...["service-web", "compute-office", "compute-ams3", "activations", "control-plane"].map(
        (id) => `- ${id}: state/cli-test--${id}.tfstate`,
      ),
      "If environment.json is the right file and nothing is deployed, --if-exists makes this a success.\n",
    ].join("\n"),
  );
  expect(await run(...destroy, "--if-exists")).toSucceed();
});

test("a workspace that isn't the deployment's is refused", async () => {
  const { exitCode, stderr } = await project.anywhere(diff, { ...variables, TF_WORKSPACE: "other" });
  expect(exitCode).toBe(1);
  expect(stderr).toContain("TF_WORKSPACE is other, and the state is in the workspace default: unset it.");
  writeFileSync(at("cdktf.out/environment/stacks/control-plane/.terraform/environment"), "other");
  expect(await refusal(diff)).toMatch(
    /the workspace other is selected, .* run "terraform -chdir=cdktf\.out\/environment\/stacks\/control-plane workspace select default"\.\n$/,
  );
});
