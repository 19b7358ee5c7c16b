import { expect, test } from "@jest/globals";
import { changed } from "../support/synthesis/changed-environment";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const key = "1 to 24 of a-z, 0-9 and -, starting with a letter, not ending with - and without --";
const name = "must be 3 to 20 of a-z, 0-9 and -, starting with a letter, not ending with - and without --";
const partition =
  "must be a region of the partition aws: China, GovCloud, the European Sovereign Cloud and the isolated regions have their own ARNs and endpoints, which aren't supported";
const folder = "must be a path without ${, %{ and control characters that doesn't start with ~";
const bucket =
  "must be the name of an S3 bucket: 3 to 63 of a-z, 0-9, . and -, in none of the forms that S3 reserves";
const variable =
  "can't be a key: it must be a variable name that shells accept: letters, digits and _, not beginning with a digit";
const secret =
  "must be the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME) or of an SSM parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME)";
const secretKey = "must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias";
const uri =
  "must be a key of images, or the URI of an image such as registry.example/shop/app:v1, with a tag or an @sha256: digest";
const kms = "must be the id or alias/NAME of a KMS key, or the ARN of either";
const proxyUri =
  "must be the URI of an image with a tag or an @sha256: digest, such as registry.example/haproxy:3.2";
const attributeName =
  "1 to 128 of letters, digits, - _ . and / (ECS accepts \\ too, but not in the tag that each attribute becomes)";
const attributeValue =
  "must be 1 to 128 of letters, digits, - _ . / @ : and spaces inside (ECS accepts \\ too, but not in the tag that each attribute becomes)";
const domain = "must be a domain such as www.example.com, in lower case";
const addresses = "must be an address range such as 203.0.113.0/24";
const sshKey =
  "must be the id of an SSH key at DigitalOcean, or its MD5 fingerprint, 16 pairs of hexadecimal digits with : between";

const uuid = "0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11";
const arn = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:123456789012:${resource}`;
const s3 = { kind: "s3", bucket: "states", region: "eu-west-1" };
const cloud = { kind: "cloud", organization: "acme" };
const https = (certificate: object) => [{ protocol: "https", port: 443, certificate }];
const egress = { protocol: "tcp", ports: "5432", addresses: ["198.51.100.0/24"] };
const berlin = { kind: "on-premises", nodes: { "rack-1": {} } };

/** Where, what is written there, and what is said about it. */
const refused: readonly [string, unknown, string][] = [
  ["name", "sh", name],
  ["name", "shop--eu", name],
  ["name", "shop-", name],
  ["name", "1shop", name],
  ["name", "a".repeat(21), name],
  ["aws.region", "cn-north-1", partition],
  ["aws.region", "us-gov-west-1", partition],
  ["aws.region", "us-isob-east-1", partition],
  ["aws.region", "eusc-de-east-1", partition],
  ["aws.region", "eu-west", "must be an AWS region such as eu-west-1"],
  ["aws.accountId", "12345678901", "must be 12 digits"],
  ["aws.accountId", 123456789012, "must be a string: put it in quotes"],
  ["services.web.environment.LIMIT", 8080, "must be a string: put it in quotes"],
  [
    "images.app",
    "nginx:1",
    'must be an object such as { build: "app" }; an image that isn\'t built here is named only by the services that run it',
  ],
  ["backend", "s3", 'must be an object whose kind is "local", "s3" or "cloud"'],
  ["backend", { kind: "gcs" }, 'must be "local", "s3" or "cloud"'],
  ["backend", { kind: "local", folder: "~/state" }, folder],
  ["backend", { kind: "local", folder: "${HOME}/state" }, folder],
  ["backend", { ...s3, bucket: "St" }, bucket],
  ["backend", { ...s3, bucket: "10.0.0.1" }, bucket],
  ["backend", { ...s3, bucket: "a..b" }, bucket],
  ["backend", { ...s3, bucket: "-states" }, bucket],
  ["backend", { ...s3, bucket: "xn--states" }, bucket],
  ["backend", { ...s3, bucket: "states--ol-s3" }, bucket],
  ["backend", { ...s3, region: "cn-north-1" }, partition],
  ["backend", { ...s3, kmsKeyId: "states" }, kms],
  // Terraform's S3 backend refuses it: no UUID has such a fourth part.
  ["backend", { ...s3, kmsKeyId: "12345678-1234-1234-1234-123456789012" }, kms],
  ["backend", { ...s3, kmsKeyId: arn("s3", `key/${uuid}`) }, kms],
  ["backend", { ...cloud, organization: "ac me" }, "must be letters, digits, _ and -"],
  [
    "backend",
    { ...cloud, hostname: "https://app" },
    "must be a host name, with its port where that isn't 443",
  ],
  ["backend", { ...cloud, project: "x" }, "must be 3 to 40 letters, digits, _, - and spaces inside"],
  ["backend", { ...cloud, project: " shops" }, "must be 3 to 40 letters, digits, _, - and spaces inside"],
  ["tags", { "a b": "c" }, "can't be a key: it must be 1 to 100 of letters, digits, - and _"],
  ["tags", { a: "b:c" }, "must be 1 to 100 of letters, digits, - and _"],
  [
    "tags",
    { Team: "a", team: "b" },
    "must not have two keys that differ only in case: to IAM they are the same",
  ],
  [
    "tags",
    Object.fromEntries(Array.from({ length: 46 }, (_, index) => [`tag-${index}`, "x"])),
    "must have at most 45 tags",
  ],
  [
    "logRetentionDays",
    2,
    "must be a retention period that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, …",
  ],
  ["sites.ams3", "ams3", 'must be an object whose kind is "digitalocean" or "on-premises"'],
  ["sites", { "ams--3": berlin }, `can't be a key: it must be ${key}`],
  ["sites.ams3.nodes", { "web--1": {} }, `can't be a key: it must be ${key}`],
  ["sites.ams3.region", "amsterdam", "must be a DigitalOcean region such as ams3"],
  ["sites.ams3.size", "s 1vcpu", "must be the slug of a droplet size, such as s-1vcpu-1gb"],
  [
    "sites.ams3.image",
    "Ubuntu",
    "must be the slug of a droplet image, such as ubuntu-24-04-x64, or the id of one",
  ],
  ["sites.ams3.nodes", 501, "must be at most 500"],
  ["sites.ams3.nodes", { "web-1": { size: "" } }, "must be the slug of a droplet size, such as s-1vcpu-1gb"],
  [
    "sites.ams3.nodes",
    { "web-1": { attributes: { "a b": "c" } } },
    `can't be a key: it must be ${attributeName}`,
  ],
  [
    "sites.ams3.nodes",
    { "web-1": { attributes: { "a\\b": "c" } } },
    `can't be a key: it must be ${attributeName}`,
  ],
  ["sites.ams3.nodes", { "web-1": { attributes: { a: " b" } } }, attributeValue],
  ["sites.ams3.nodes", { "web-1": { attributes: { a: "b " } } }, attributeValue],
  ["sites.ams3.nodes", { "web-1": { attributes: { a: "b\\c" } } }, attributeValue],
  ["sites.ams3.nodes", { "web-1": { attributes: { a: "b".repeat(129) } } }, attributeValue],
  [
    "sites.ams3.nodes",
    { "web-1": { attributes: { a: "AWS:b" } } },
    "must not begin with aws:, which AWS reserves for its own tags",
  ],
  [
    "sites.ams3.nodes",
    { "web-1": { attributes: { "ecs.os-type": "linux" } } },
    "must not have a name that begins with ecs., the prefix of attributes that ECS sets itself",
  ],
  [
    "sites.ams3.nodes",
    { "web-1": { attributes: { "com.amazonaws.ecs.capability.x": "y" } } },
    "must not have a name that begins with com.amazonaws., the prefix of attributes that the ECS agent reports",
  ],
  [
    "sites.ams3.nodes",
    { "web-1": { attributes: { a: "1", b: "1", c: "1", d: "1", e: "1", f: "1", g: "1" } } },
    "must have at most 6 attributes",
  ],
  ["sites.ams3.nodes", { "web-1": { replacement: -1 } }, "must be at least 0"],
  ["sites.ams3.vpc", "own", 'must be "default", or { ipRange } of a VPC of the site\'s own'],
  [
    "sites.ams3.vpc",
    { ipRange: "10.20.0.0/15" },
    "must be an IPv4 range from /16 to /28, such as 10.20.0.0/20",
  ],
  [
    "sites.ams3.vpc",
    { ipRange: "10.20.0.0/29" },
    "must be an IPv4 range from /16 to /28, such as 10.20.0.0/20",
  ],
  ["sites.ams3.vpc", { ipRange: "fd00::/64" }, "must be an IPv4 range from /16 to /28, such as 10.20.0.0/20"],
  [
    "sites.ams3.vpc",
    { ipRange: "10.20.1.0/20" },
    "must be written with the first address of the range, in its short form: 10.20.0.0/20",
  ],
  ["sites.ams3.ssh.keys", ["3b:16"], sshKey],
  ["sites.ams3.ssh.keys", ["SHA256:abc"], sshKey],
  ["sites.ams3.ssh.allowFrom", ["203.0.113.7"], addresses],
  ["sites.ams3.ssh.allowFrom", ["203.0.113.0/33"], addresses],
  ["sites.ams3.ssh.allowFrom", ["203.0.113.256/32"], addresses],
  ["sites.ams3.ssh.allowFrom", ["0313.0.113.0/24"], addresses],
  ["sites.ams3.ssh.allowFrom", ["10/8"], addresses],
  ["sites.ams3.ssh.allowFrom", ["fe80::%eth0/64"], addresses],
  ["sites.ams3.ssh.allowFrom", ["::ffff:203.0.113.0/120"], addresses],
  [
    "sites.ams3.ssh.allowFrom",
    ["203.0.113.7/24"],
    "must be written with the first address of the range, in its short form: 203.0.113.0/24",
  ],
  [
    "sites.ams3.ssh.allowFrom",
    ["2001:DB8:0::1/32"],
    "must be written with the first address of the range, in its short form: 2001:db8::/32",
  ],
  ["sites.ams3.extraEgress", [{ ...egress, ports: "5432-" }], "must be a port or a range such as 8000-8010"],
  ["sites.ams3.extraEgress", [{ ...egress, ports: "0" }], "must be a port or a range such as 8000-8010"],
  ["sites.ams3.extraEgress", [{ ...egress, ports: "8010-8000" }], "must be in ascending order, up to 65535"],
  ["sites.ams3.extraEgress", [{ ...egress, ports: "65536" }], "must be in ascending order, up to 65535"],
  ["sites.ams3.extraEgress", [{ ...egress, protocol: "icmp" }], 'must be one of "tcp", "udp"'],
  ["sites.ams3.extraEgress", [{ ...egress, addresses: [] }], "must be at least 1 item long"],
  [
    "services.web.http.loadBalancer.allowFrom",
    ["2001:db8::/32"],
    "must be an IPv4 range: DigitalOcean's load balancers accept no others in their rules, and a list with an IPv6 range has been seen to let everybody in",
  ],
  ["services.web.http.loadBalancer.listeners", [], "must be at least 1 item long"],
  [
    "services.web.http.loadBalancer.listeners",
    ["https"],
    'must be an object whose protocol is "http" or "https"',
  ],
  ["services.web.http.loadBalancer.listeners", https({ domains: ["example"] }), domain],
  ["services.web.http.loadBalancer.listeners", https({ domains: ["WWW.example.com"] }), domain],
  ["services.web.http.loadBalancer.listeners", https({ domains: ["10.0.0.1"] }), domain],
  ["services.web.http.loadBalancer.listeners", https({ domains: ["a.*.example.com"] }), domain],
  ["services.web.http.loadBalancer.listeners", https({ domains: [`${"a".repeat(64)}.example.com`] }), domain],
  [
    "services.web.http.loadBalancer.listeners",
    https({ domains: ["a.example.com", "a.example.com"] }),
    "must not name a domain twice",
  ],
  [
    "services.web.http.loadBalancer.listeners",
    https({ domains: Array.from({ length: 101 }, (_, index) => `a${index}.example.com`) }),
    "must be at most 100 items long",
  ],
  [
    "services.web.http.loadBalancer.listeners",
    https({ name: "" }),
    "must be 1 to 255 characters on one line",
  ],
  ["sites.berlin", { ...berlin, activationDays: 31 }, "must be at most 30"],
  ["images.app.build", "app/${x}", folder],
  ["services.web.image", "Registry/App", uri],
  ["services.web.image", "registry.example/app:", uri],
  ["services.web.image", "registry.example/app@sha256:abc", uri],
  ["services.web.image", "https://registry.example/app", uri],
  ["services.web.image", `registry.example/${"a".repeat(250)}`, uri],
  ["proxy.image", "haproxy", proxyUri],
  ["proxy.image", "registry.example:5000/haproxy", proxyUri],
  ["proxy.image", "HAProxy:3.2", proxyUri],
  ["services.web.cpuUnits", 1, "must be at least 2"],
  ["services.web.cpuUnits", 262145, "must be at most 262144"],
  ["services.web.memoryMiB", 5, "must be at least 6"],
  ["services.web.http.port", 65536, "must be at most 65535"],
  ["services.web.http.health.path", "healthz", "must be a path such as /healthz"],
  ["services.web.http.health.intervalSeconds", 2, "must be at least 3"],
  ["services.web.http.health.intervalSeconds", 301, "must be at most 300"],
  ["services.web.http.health.unhealthyAfter", 11, "must be at most 10"],
  ["services.web.http.health.healthyAfter", 1, "must be at least 2"],
  ["services.web.environment", { "MY-VALUE": "x" }, variable],
  ["services.web.environment", { "1ST": "x" }, variable],
  ["services.web.environment", { TEXT: "a\0b" }, "must be a string without the character NUL"],
  ["services.web.secrets", { KEY: "arn:aws:secretsmanager:::secret:db" }, secret],
  ["services.web.secrets", { KEY: arn("secretsmanager", "db") }, secret],
  ["services.web.secrets", { KEY: `${arn("secretsmanager", "secret:db")}:key` }, secret],
  ["services.web.secrets", { KEY: arn("ssm", "parameter") }, secret],
  ["services.web.secrets", { KEY: "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/x" }, secret],
  ["services.web.secretKeys", [arn("kms", "alias/shop")], secretKey],
  ["services.web.secretKeys", [uuid], secretKey],
];

test.each(refused)("%s is refused if it holds %j", (path, value, message) => {
  const problems = problemsOf(changed(oneSite, path, value));
  expect(problems).toEqual([expect.stringContaining(` ${message} (got `)]);
  expect(problems[0]).toMatch(new RegExp(String.raw`^test\.ts: ${path.replaceAll(".", "\\.")}[. ]`));
});

const accepted: readonly [string, unknown][] = [
  ["name", "a-b-1"],
  ["aws.region", "ap-southeast-5"],
  ["aws.region", "il-central-1"],
  ["backend", { ...s3, bucket: "my.states-1", kmsKeyId: uuid }],
  ["backend", { ...s3, kmsKeyId: "alias/states/shop" }],
  ["backend", { ...s3, kmsKeyId: "mrk-1234abcd12ab34cd56ef1234567890ab" }],
  ["backend", { ...s3, kmsKeyId: arn("kms", `key/${uuid}`) }],
  ["backend", { ...s3, kmsKeyId: arn("kms", "alias/states") }],
  ["backend", { ...cloud, hostname: "tfe.example.com:8443", project: "My shops" }],
  ["tags", { Team: "A_b-1" }],
  ["logRetentionDays", 2192],
  ["sites.ams3.size", "so1_5-2vcpu-16gb"],
  ["sites.ams3.image", "123456"],
  ["sites.ams3.nodes", { "web-1": { attributes: { "a/b_c.d-e": "x y/@:._-z" } } }],
  ["sites.ams3.ssh", { keys: ["512189"], allowFrom: ["203.0.113.7/32", "2001:db8::/32", "::/0"] }],
  ["sites.ams3.extraEgress", [{ ...egress, ports: "1-65535" }]],
  ["sites.ams3.extraEgress", Array.from({ length: 44 }, () => egress)],
  ["services.web.http.loadBalancer.allowFrom", ["0.0.0.0/0"]],
  [
    "services.web.http.loadBalancer.listeners",
    https({ domains: ["*.example.com", "xn--bcher-kva.example"] }),
  ],
  ["services.web.http.loadBalancer.listeners", https({ name: "My certificate" })],
  ["sites.berlin", { ...berlin, nodes: {} }],
  ["proxy.image", "registry.example:5000/haproxy:3.2-alpine"],
  ["proxy.image", `haproxy@sha256:${"a".repeat(64)}`],
  ["services.web.image", "nginx:1.27"],
  ["services.web.image", "localhost:5000/shop/my__app-x.y:v1.0_b"],
  ["services.web.image", `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/app@sha256:${"a".repeat(64)}`],
  ["services.web.environment", { _a1: "", TEXT: "a\nb ü" }],
  ["services.web.secrets", { KEY: `${arn("secretsmanager", "secret:shop/db")}:my key:AWSCURRENT:` }],
  ["services.web.secrets", { KEY: arn("ssm", "parameter/shop/db.password") }],
];

test.each(accepted)("%s may hold %j", (path, value) => {
  expect(problemsOf(changed(oneSite, path, value))).toEqual([]);
});

test("a secret that was written where its ARN belongs is not shown", () => {
  const [problem] = problemsOf(changed(oneSite, "services.web.secrets", { KEY: "hunter2" }));
  expect(problem).toBe(`test.ts: services.web.secrets.KEY ${secret} (got a value that isn't shown)`);
});
