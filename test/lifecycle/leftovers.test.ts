import { readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mustRun } from "../../demo/command";
import { documentedCommands } from "../support/files/documented-commands";
import { eventually } from "../support/jest/eventually";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { mayListen } from "../support/jest/low-ports";
import { serverScript } from "../support/deployments/servers";

jest.setTimeout(600_000);

const folder = resolve(".local-cloud/tests/leftovers");
const insights = "/aws/ecs/containerinsights/shop/performance";

const port = mayListen ? 443 : 8443;

let life: LifeCycle;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "leftovers",
    sites: {
      ams3: {
        kind: "digitalocean",
        region: "ams3",
        nodes: 2,
        vpc: { ipRange: "10.20.0.0/20" },
        loadBalancer: {
          listeners: [{ protocol: "https", port, certificate: { domains: ["www.example.com"] } }],
        },
      },
      office: { kind: "on-premises", nodes: { "node-1": {} } },
    },
    environment: {
      tags: { team: "platform" },
      monitoring: {
        enabled: true,
        subscribers: [
          { protocol: "email", endpoint: "ops@example.com" },
          { protocol: "https", endpoint: "https://hooks.example.com/alerts" },
        ],
      },
    },
  });
});

afterAll(() => life.stop());

/** Runs commands in bash as a user would, in the folder that holds the states. */
const shell = (commands: string): Promise<string> =>
  mustRun({
    program: "bash",
    args: ["-euo", "pipefail", "-c", commands],
    folder,
    variables: life.cloud.variables,
    log: join(folder, "commands.log"),
    seconds: 240,
  });

/** Calls of DigitalOcean as docs/recovery.md makes them. */
const digitalocean = `digitalocean() {
  curl -fsS -X "$1" -H "Authorization: Bearer $DIGITALOCEAN_TOKEN" -H "Content-Type: application/json" \\
    "$DIGITALOCEAN_API_URL/v2/$2" "\${@:3}"
}
export AWS_DEFAULT_REGION=eu-west-1
`;

/** Others' resources in both accounts, under names that differ from ours by a few letters. */
const others = `${digitalocean}
trust='{"Version":"2012-10-17","Statement":[]}'
aws iam create-role --role-name shop-2--node --assume-role-policy-document "$trust"
aws ssm create-activation --iam-role shop-2--node --registration-limit 1
aws s3api create-bucket --bucket states --create-bucket-configuration LocationConstraint=eu-west-1
for key in shop--activations.tfstate shop-2--activations.tfstate; do
  aws s3api put-object --bucket states --key "$key"
done
aws events put-rule --name shop-2--agent-lost --schedule-expression 'rate(1 day)'
aws stepfunctions create-state-machine --name shop-2--agent-lost --role-arn arn:aws:iam::123456789012:role/shop-2--node \
  --definition '{"StartAt":"End","States":{"End":{"Type":"Succeed"}}}'
aws cloudwatch put-metric-alarm --alarm-name shop-2--job-not-started --namespace AWS/SQS --metric-name Messages \
  --statistic Sum --period 60 --evaluation-periods 1 --threshold 0 --comparison-operator GreaterThanThreshold
aws cloudwatch put-dashboard --dashboard-name shop-2 --dashboard-body '{"widgets":[]}'
aws sns create-topic --name shop-2--alerts
aws logs create-log-group --log-group-name /ecs/shop-2/web
aws logs create-log-group --log-group-name ${insights}-2
aws ecr create-repository --repository-name shop/app-2
aws ecs register-task-definition --family shop-2--web--ams3 --requires-compatibilities EXTERNAL --network-mode bridge \
  --container-definitions '[{"name":"app","image":"app","memory":64}]'
digitalocean POST vpcs -d '{"name":"shop--ams3-2","region":"ams3"}'
digitalocean POST tags -d '{"name":"shop--ams3-2"}'
digitalocean POST certificates -d '{"name":"shop--ams3-2--web-443-20260101000000","type":"lets_encrypt","dns_names":["example.com"]}'
digitalocean POST firewalls -d '{"name":"shop--ams3-2","tags":["shop--ams3-2"],"outbound_rules":[{"protocol":"tcp","ports":"443","destinations":{"addresses":["0.0.0.0/0"]}}]}'
`;

/** A service as the project makes it, which has a task. */
const service = `${digitalocean}
aws ecs register-task-definition --family shop--web--ams3 --requires-compatibilities EXTERNAL --network-mode bridge \\
  --container-definitions '[{"name":"app","image":"localhost/anywhere/app:v1","memory":64}]'
aws ecs create-service --cluster shop --service-name web--ams3 --task-definition shop--web--ams3 --launch-type EXTERNAL \\
  --scheduling-strategy DAEMON --availability-zone-rebalancing DISABLED \\
  --placement-constraints 'type=memberOf,expression=attribute:anywhere.site == ams3'
for second in {1..60}; do
  aws ecs list-tasks --cluster shop --query taskArns --output text | grep arn && break
  sleep 1
done
`;

/** Everything that there is in both accounts, one a line. */
const inventory = `${digitalocean}
each() { tr '\\t' '\\n' | sed "s|^|$1 |"; }
aws ecs list-clusters --query clusterArns --output text | each cluster
aws ecs list-task-definitions --query taskDefinitionArns --output text | each task-definition
aws ssm describe-instance-information --query 'InstanceInformationList[].Name' --output text | each managed-instance
aws ecs list-container-instances --cluster foreign --query containerInstanceArns --output text | each instance
aws ssm describe-activations --query 'ActivationList[].IamRole' --output text | each activation
aws logs describe-log-groups --query 'logGroups[].logGroupName' --output text | each log-group
aws ecr describe-repositories --query 'repositories[].repositoryName' --output text | each repository
aws iam list-roles --path-prefix / --query 'Roles[].RoleName' --output text | each role
aws events list-rules --query 'Rules[].Name' --output text | each rule
aws stepfunctions list-state-machines --query 'stateMachines[].name' --output text | each state-machine
aws cloudwatch describe-alarms --query 'MetricAlarms[].AlarmName' --output text | each alarm
aws cloudwatch list-dashboards --query 'DashboardEntries[].DashboardName' --output text | each dashboard
aws sns list-topics --query 'Topics[].TopicArn' --output text | each topic
aws sns list-subscriptions --query 'Subscriptions[].Endpoint' --output text | each subscription
for kind in droplets load_balancers firewalls certificates vpcs tags; do
  digitalocean GET "$kind?per_page=200" | jq -r ".$kind[].name" | each "$kind"
done
`;

/** The result of {@link inventory}, sorted. */
async function everything(): Promise<string[]> {
  return (await shell(inventory))
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

/** The tags that the configuration's `tags` have created at DigitalOcean. */
const platformTag = ["tags team:platform"];

/** Others' resources, as {@link everything} finds them. */
let theirs: string[];

/** The output of a server on premises once it has done everything that it was told. */
let server: Promise<string>;

/** Boots a server that becomes a node, and then loses all that made it one. */
async function bootServer(): Promise<string> {
  const { admin } = life.cloud;
  const [clean] = documentedCommands("docs/destroying.md", "Leftovers");
  const script = await serverScript(life, "office", "node-1");
  const userData = `#!/bin/bash
cat >bootstrap.sh <<'END'
${script}
END
bash bootstrap.sh
${clean}
systemctl is-active ecs amazon-ssm-agent
ls -d /etc/ecs /var/lib/ecs /var/lib/amazon/ssm /usr/libexec/amazon-ecs-init /var/log/anywhere-bootstrap.log
echo the end
`;
  await admin.bootMachine({ name: "rack-1", hostname: "rack-1", userData, publicIp: "192.0.2.1" });
  return eventually("the end of the server's script", async () => {
    const printed = await admin.console("rack-1");
    return printed.includes("the end") ? printed : undefined;
  });
}

test("the documented commands remove everything of a deployment whose state is lost, and nothing of others", async () => {
  await life.cloud.admin.seedForeign("shop");
  await shell(others);
  theirs = (await everything()).filter((line) => /-2|foreign|tagged/.test(line));
  server = bootServer();
  expect(await life.site("ams3").apply()).toSucceed();
  await shell(service);
  await server;
  const ours = (await everything()).filter((line) => !theirs.includes(line));
  expect(ours.length).toBeGreaterThan(30);
  rmSync(join(folder, "state"), { recursive: true });

  await shell(documentedCommands("docs/recovery.md", "Remove everything").join("\n"));
  expect(await everything()).toEqual([...theirs, ...platformTag].sort());
});

test("a deploy takes over the log group that late data of Container Insights has created again", async () => {
  await shell(`${digitalocean} aws logs create-log-group --log-group-name ${insights}`);
  expect(await life.controlPlane.apply()).toSucceed();
  const groups = await shell(
    `${digitalocean} aws logs describe-log-groups --query 'logGroups[].[logGroupName,retentionInDays]' --output text`,
  );
  expect(groups.split("\n")).toEqual(
    expect.arrayContaining([`/ecs/shop/web\t30`, `${insights}\t30`, `${insights}-2\tNone`]),
  );
  expect(await life.changes("control-plane")).toEqual({});
});

test("a destroy ends only when the log group that late data created again is gone", async () => {
  const mark = await life.mark();
  await life.cloud.admin.inject({
    match: { service: "ecs", operation: "DeleteCluster" },
    times: 1,
    effect: { kind: "late-insights", milliseconds: 500 },
  });
  const destroyed = await life.controlPlane.destroy({ LATE_INSIGHTS_SECONDS: "10" });
  expect(destroyed).toSucceed();
  expect((await life.since(mark)).filter(({ name }) => name === "late-insights")).toMatchObject([
    { detail: { outcome: "made the group again" } },
  ]);
  expect(destroyed.stdout).toContain("removed the group, which late data had created again");
  expect(await everything()).toEqual([...theirs, ...platformTag].sort());
});

test("everything that remains is removed by the commands in docs/destroying.md", async () => {
  const printed = await server;
  expect(printed).toMatch(/anywhere: READY office\/node-1 [^]*inactive\ninactive\n/);
  expect(printed.match(/^ls: cannot access .*: No such file or directory$/gm)).toHaveLength(5);

  await shell(`${digitalocean} aws logs create-log-group --log-group-name ${insights}`);
  const [, ...lines] = documentedCommands("docs/destroying.md", "Leftovers");
  const settings = "export NAME=shop AWS_REGION=eu-west-1 BUCKET=states\n";
  expect(readdirSync(join(folder, "state"))).toContain("shop--control-plane.tfstate");
  for (const line of lines) {
    await shell(settings + line);
  }
  expect(await everything()).toEqual(theirs);
  expect(readdirSync(join(folder, "state"))).toEqual([]);
  const left = await shell(`${digitalocean}
aws ecs list-task-definitions --family-prefix shop--web--ams3 --status INACTIVE --query 'taskDefinitionArns[]' --output text
aws s3 ls s3://states/`);
  expect(left.trim().split("\n")).toEqual([expect.stringMatching(/ shop-2--activations\.tfstate$/)]);
});
