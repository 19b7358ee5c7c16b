import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { placeDocker } from "../../local-cloud/docker/place";

const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const reference = `${host}/shop/app:0123abcd`;

/** ECR as far as a push asks it: a password, and tags that it remembers in files. */
const ecr = `#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")"
printf '%s\\n' "$*" >>calls
case "$2" in
  get-login-password) echo the-password ;;
  describe-images) [[ -e "tag-\${6//\\//-}-\${8#imageTag=}" ]] || { echo "(ImageNotFoundException)" >&2; exit 254; } ;;
  put-image) touch "tag-\${6//\\//-}-$8" ;;
esac
`;

let directory: string;
let context: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "docker-"));
  context = join(directory, "context");
  mkdirSync(join(directory, "bin"));
  mkdirSync(context);
  await placeDocker(join(directory, "bin"));
  writeFileSync(join(directory, "bin", "aws"), ecr);
  chmodSync(join(directory, "bin", "aws"), 0o755);
  writeFileSync(join(context, "Dockerfile"), 'FROM scratch\nCMD ["./serve"]\n');
  writeFileSync(join(context, "serve"), "v1");
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function docker(input: string, ...args: readonly string[]) {
  const bin = join(directory, "bin");
  const { status, stdout, stderr } = spawnSync(join(bin, "docker"), args, {
    input,
    encoding: "utf8",
    env: { PATH: `${bin}:/usr/bin:/bin`, DOCKER_CONFIG: join(directory, "login") },
  });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

const build = () => docker("", "build", "--platform", "linux/amd64", "--tag", reference, context);
const logIn = (password: string) =>
  docker(`${password}\n`, "login", "--username", "AWS", "--password-stdin", host);
const push = () => docker("", "push", reference);
const entered = () =>
  readFileSync(join(directory, "bin", "calls"), "utf8")
    .split("\n")
    .filter((call) => call.startsWith("ecr put-image"));

test("a build says that RUN isn't executed", () => {
  expect(build().stdout).not.toContain("RUN");
  writeFileSync(join(context, "Dockerfile"), 'FROM scratch\nRUN make\nCMD ["./serve"]\n');
  expect(build()).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(
      "the local cloud doesn't execute RUN: containers use this computer's programs",
    ),
  });
});

test("a login serves every repository of its registry, beside another's, and each repository has its own tags", () => {
  const elsewhere = host.replace("eu-west-1", "us-east-1");
  for (const [content, name] of [
    ["web", `${host}/shop/web:1`],
    ["worker", `${host}/shop/worker:1`],
    ["far", `${elsewhere}/shop/web:1`],
  ] as const) {
    writeFileSync(join(context, "serve"), content);
    expect(docker("", "build", "--platform", "linux/amd64", "--tag", name, context)).toMatchObject({
      status: 0,
    });
  }
  expect(logIn("the-password")).toMatchObject({ status: 0 });
  const far = ["login", "--username", "AWS", "--password-stdin", elsewhere];
  expect(docker("the-password\n", ...far)).toMatchObject({ status: 0 });
  expect(docker("", "push", `${host}/shop/web:1`)).toMatchObject({ status: 0, stderr: "" });
  expect(docker("", "push", `${host}/shop/worker:1`)).toMatchObject({ status: 0, stderr: "" });
  expect(docker("", "push", `${host}/shop/web:1`).stderr).toContain(
    "already exists in the 'shop/web' repository",
  );
  const pulled = (repository: string): string =>
    readFileSync(join(directory, "images", host, repository, "1", "serve"), "utf8");
  expect(["shop/web", "shop/worker"].map(pulled)).toEqual(["web", "worker"]);
  expect(entered().map((call) => /--repository-name (\S+)/.exec(call)?.[1])).toEqual([
    "shop/web",
    "shop/worker",
  ]);
});

test("after a build, a login and a push, the image can be pulled and ECR has its tag", () => {
  expect(build()).toMatchObject({ status: 0 });
  expect(existsSync(join(directory, "images"))).toBe(false);
  expect(logIn("the-password")).toMatchObject({ status: 0, stdout: "Login Succeeded" });
  expect(push()).toMatchObject({ status: 0, stderr: "" });
  const image = join(directory, "images", host, "shop", "app", "0123abcd");
  expect(readdirSync(image).sort()).toEqual(["Dockerfile", "serve"]);
  expect(entered()).toEqual([
    expect.stringMatching(
      /^ecr put-image --registry-id 123456789012 --repository-name shop\/app --image-tag 0123abcd --image-manifest {.*} --region eu-west-1$/,
    ),
  ]);
});

test("a tag that ECR has can't be overwritten", () => {
  build();
  logIn("the-password");
  push();
  writeFileSync(join(context, "serve"), "v2");
  build();
  const { status, stderr } = push();
  expect(status).toBe(1);
  expect(stderr).toContain("The image tag '0123abcd' already exists in the 'shop/app' repository");
  expect(readFileSync(join(directory, "images", host, "shop", "app", "0123abcd", "serve"), "utf8")).toBe(
    "v1",
  );
  expect(entered()).toHaveLength(1);
});

describe("docker refuses", () => {
  test("a push without a login", () => {
    build();
    expect(push()).toEqual({ status: 1, stdout: "", stderr: "no basic auth credentials" });
    expect(entered()).toEqual([]);
  });

  test("a login with another password", () => {
    const { status, stderr } = logIn("a-guess");
    expect(status).toBe(1);
    expect(stderr).toContain("401 Unauthorized");
    expect(existsSync(join(directory, "login", "config.json"))).toBe(false);
  });

  test("a push of an image that was never built", () => {
    logIn("the-password");
    expect(push()).toMatchObject({
      status: 1,
      stderr: `An image does not exist locally with the tag: ${reference}`,
    });
  });

  test("a build without a Dockerfile", () => {
    rmSync(join(context, "Dockerfile"));
    const { status, stderr } = build();
    expect(status).toBe(1);
    expect(stderr).toContain("failed to read dockerfile");
  });

  test("commands that aren't modelled", () => {
    expect(docker("", "pull", "busybox")).toMatchObject({
      status: 1,
      stderr: "the local cloud's docker doesn't support: docker pull busybox",
    });
  });

  test.each([
    ["ps -a", "`npx anywhere status` shows them"],
    ["logs --follow web", "`npx anywhere logs <service>` prints their output"],
    ["exec -it web sh", "`npx anywhere exec <service>` opens a shell in one"],
    ["run --rm busybox", "`npx anywhere run <service> -- <command>` starts one more"],
  ])("%s, and names the command that does it", (line, instead) => {
    expect(docker("", ...line.split(" "))).toMatchObject({
      status: 1,
      stderr: `containers run on the nodes, not on this computer: ${instead}`,
    });
  });
});
