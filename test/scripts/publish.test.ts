import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { eventually } from "../support/jest/eventually";
import { startAwsStages, type AwsStages } from "../support/scripts/cloud";
import { anotherAccount, denied, failCalls } from "../support/scripts/failures";
import { image, PublishStage, repository, tag } from "../support/scripts/publish";
import type { Running } from "../support/scripts/run";

let stages: AwsStages;
let stage: PublishStage;

beforeAll(async () => {
  stages = await startAwsStages();
}, 600_000);

beforeEach(async () => {
  stage = await PublishStage.open(stages);
});

afterEach(async () => {
  // In any case nothing is left.
  expect(stage.left).toEqual([]);
  await stage.close();
});

afterAll(() => stages.close());

const host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
const calls = {
  version: "version --format {{.Server.Version}}",
  build: `build --platform linux/arm64 --tag ${image} ./assets/context`,
  context: "context inspect --format {{.Name}}",
  login: `login --username AWS --password-stdin ${host}`,
  push: `push ${image}`,
};
const lastLine = (output: string) => output.trimEnd().split("\n").at(-1) ?? "";
const failed = `anywhere: image ${tag}: FAILED: `;
const variable = (name: string) =>
  [...stage.recorded("environment").matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value);

test("an image that the registry doesn't have is built, pushed and looked up again", async () => {
  const { status, output } = await stage.publish();
  expect(output.split("\n").map((line) => line.replace(`anywhere: image ${tag}: `, ""))).toEqual([
    `building ${image} for linux/arm64`,
    "Successfully built",
    `pushing ${image}`,
    `${image} is in the registry`,
    "",
  ]);
  expect(status).toBe(0);
  expect(stage.dockerCalls).toEqual([calls.version, calls.build, calls.context, calls.login, calls.push]);
  expect(stage.awsCalls).toEqual([
    "GetCallerIdentity",
    "DescribeImages",
    // Once more in its turn: another run may have pushed it.
    "DescribeImages",
    "GetAuthorizationToken",
    "DescribeImages",
  ]);
});

test("an image that the registry has is neither built nor pushed, and needs no Docker", async () => {
  await stage.havePublished();
  const { status, output } = await stage.publish({ PATH: stage.pathWithoutDocker() });
  expect(output).toBe(`anywhere: image ${tag}: ${image} is already in the registry: nothing to build\n`);
  expect(status).toBe(0);
  expect(stage.awsCalls).toEqual(["GetCallerIdentity", "DescribeImages"]);
});

test("the password goes only to Docker's standard input", async () => {
  const password = await stage.password();
  expect(password).not.toBe("");
  const { status, output } = await stage.publish();
  expect(status).toBe(0);
  expect(stage.recorded("stdin")).toBe(password);
  for (const place of ["journal", "environment", "processes"] as const) {
    expect(stage.recorded(place)).not.toBe("");
    expect(stage.recorded(place)).not.toContain(password);
  }
  expect(output).not.toContain(password);
});

test("login and push use their own configuration, without a keychain", async () => {
  expect(await stage.publish({ DOCKER_CONFIG: "/home/user/.docker" })).toMatchObject({ status: 0 });
  // Of version, build, context, login and push.
  const [, , , login, push, ...more] = variable("DOCKER_CONFIG");
  expect(variable("DOCKER_CONFIG").slice(0, 3)).toEqual(
    Array.from({ length: 3 }, () => "/home/user/.docker"),
  );
  expect({ push, more }).toEqual({ push: login, more: [] });
  expect(login).not.toContain("/home/user");
  expect(stage.recorded("config-before-login")).toBe(`{"auths":{"${host}":{}}}\n`);
});

test("the user's DOCKER_HOST is kept", async () => {
  expect(await stage.publish({ DOCKER_HOST: "tcp://builder:2376" })).toMatchObject({ status: 0 });
  expect(stage.dockerCalls).not.toContain(calls.context);
  expect(new Set(variable("DOCKER_HOST"))).toEqual(new Set(["tcp://builder:2376"]));
});

test("credentials of another account fail before anything is looked up", async () => {
  const { status, output } = await stage.publish(anotherAccount);
  expect(status).toBe(1);
  expect(lastLine(output)).toContain(
    "wrong account: the credentials belong to account 999999999999, the deployment to 111122223333",
  );
  expect(stage.awsCalls).toEqual(["GetCallerIdentity"]);
  expect(stage.dockerCalls).toEqual([]);
});

test("a missing repository is named, with what creates it", async () => {
  await stage.ecr("DeleteRepository", { repositoryName: "shop/app" });
  const { status, output } = await stage.publish();
  expect(status).toBe(1);
  expect(lastLine(output)).toBe(
    `${failed}the repository ${repository} does not exist. Deploy the control plane, then run again.`,
  );
  expect(stage.dockerCalls).toEqual([]);
});

test.each(["DescribeImages", "GetAuthorizationToken"])(
  "access denied to %s is reported as such",
  async (operation) => {
    failCalls(stage.aws.world, ["ecr", operation], denied);
    const { status, output } = await stage.publish();
    expect(status).toBe(1);
    expect(lastLine(output)).toMatch(/FAILED: ecr \S+: access denied\. Allow the caller this action/);
    expect(stage.dockerCalls).not.toContain(calls.push);
  },
);

test("a missing Docker is reported, with both ways out", async () => {
  const { status, output } = await stage.publish({ PATH: stage.pathWithoutDocker() });
  expect(status).toBe(1);
  expect(lastLine(output)).toContain(
    `${failed}Docker (\`docker\`) is not on PATH, and the image has to be built.`,
  );
  expect(lastLine(output)).toContain(
    "or push the image from another computer and use its URI instead of building it.",
  );
});

const daemon =
  "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
const full = "write /var/lib/docker/tmp/x: no space left on device";

test.each<[string, "version" | "context" | "build" | "login" | "push", string, readonly string[]]>([
  [
    "a daemon that is down",
    "version",
    `echo '${daemon}' >&2; exit 1`,
    ["the Docker daemon does not answer. Start it, or allow", daemon],
  ],
  [
    "a context that is broken",
    "context",
    "echo 'context not found' >&2; exit 1",
    ["Fix the Docker context, or set DOCKER_HOST, and run again.", "context not found"],
  ],
  [
    "a build that fails",
    "build",
    "echo 'COPY failed: no such file' >&2; exit 17",
    [
      "docker build ended with exit status 17. Fix the problem in its output above and run again. Nothing was pushed.",
    ],
  ],
  [
    "a disk that is full at the build",
    "build",
    `echo '${full}' >&2; exit 1`,
    [
      "docker build failed: the disk that Docker uses is full. Free some space, for example with `docker system prune`",
    ],
  ],
  [
    "a login that is refused",
    "login",
    "echo 'Error response from daemon: 401 Unauthorized' >&2; exit 1",
    [`the registry ${host} refused the login.`, "401 Unauthorized"],
  ],
  [
    "a disk that is full at the push",
    "push",
    `echo '${full}' >&2; exit 1`,
    ["docker push failed: the disk that Docker uses is full. Free some space"],
  ],
  [
    "a push that breaks off",
    "push",
    "echo 'connection reset by peer' >&2; exit 1",
    [`The registry has no ${image}: nothing is half-pushed`, "run again."],
  ],
  [
    "a push that leaves no tag",
    "push",
    "exit 0",
    [`docker push ended with exit status 0. The registry has no ${image}`],
  ],
])("%s ends the run with one line that says what to do", async (_, command, script, texts) => {
  stage.let(command, script);
  const { status, output } = await stage.publish();
  expect(status).toBe(1);
  expect(lastLine(output).startsWith(failed)).toBe(true);
  for (const text of texts) {
    expect(lastLine(output)).toContain(text);
  }
  expect(output.match(/FAILED/g)).toHaveLength(1);
  expect(stage.dockerCalls.at(-1)).toBe(calls[command]);
});

test("a push that broke off is completed by the next run", async () => {
  stage.let("push", "exit 1");
  expect(await stage.publish()).toMatchObject({ status: 1 });
  stage.let("push", `enter ${image}`);
  expect(await stage.publish()).toMatchObject({ status: 0 });
});

test("the output of a build is shown as it runs, before its failure", async () => {
  stage.let("build", "echo 'Step 1/2'; echo 'no such file' >&2; exit 1");
  const { output } = await stage.publish();
  const [, first, second, third] = output.split("\n");
  expect([first, second]).toEqual(["Step 1/2", "no such file"]);
  expect(third).toContain("FAILED");
});

test("a tag that another run has pushed meanwhile counts as success", async () => {
  stage.let(
    "push",
    `enter ${image}; echo "tag invalid: The image tag '${tag}' already exists in the 'shop/app' repository and cannot be overwritten because the tag is immutable." >&2; exit 1`,
  );
  const { status, output } = await stage.publish();
  expect(status).toBe(0);
  expect(output).toContain(`another run has pushed ${image} meanwhile`);
  expect(lastLine(output)).toContain(`${image} is in the registry`);
});

test.each<["version" | "build" | "login" | "push", Record<string, string>, string]>([
  ["version", { DOCKER_SECONDS: "0" }, "the Docker daemon does not answer"],
  ["build", { BUILD_SECONDS: "0" }, "docker build was stopped, since it took too long. BUILD_SECONDS and"],
  ["push", { PUSH_SECONDS: "0" }, "docker push was stopped, since it took too long."],
])("docker %s that hangs is stopped", async (command, seconds, text) => {
  stage.let(command, "exec sleep 25");
  const { status, output, took } = await stage.publish(seconds);
  expect(status).toBe(1);
  expect(lastLine(output)).toContain(text);
  expect(took).toBeLessThan(20_000);
});

/** Publishes with a push that goes on for so many seconds, and does something to the script meanwhile. */
function meanwhile(seconds: number, act: (running: Running) => void) {
  stage.let("push", `exec sleep ${seconds}`);
  return stage.publish({}, (running) => {
    void eventually("the push has begun", () =>
      Promise.resolve(stage.dockerCalls.includes(calls.push) ? true : undefined),
    ).then(() => {
      act(running);
    });
  });
}

test.each<["SIGINT" | "SIGTERM", "all" | "script", number]>([
  ["SIGINT", "all", 130],
  ["SIGTERM", "script", 143],
])("%s to %s ends a push, and says that nothing is half-pushed", async (signal, whom, expected) => {
  const { status, output, took } = await meanwhile(25, (running) => {
    running.signal(signal, whom);
  });
  expect(status).toBe(expected);
  expect(lastLine(output)).toBe(
    `anywhere: image ${tag}: INTERRUPTED: the registry has an image whole or not at all. Run again.`,
  );
  expect(took).toBeLessThan(20_000);
});

test("the login is removed even if only the script is killed, as by Terraform when it is stopped", async () => {
  const { status } = await meanwhile(1, (running) => {
    running.signal("SIGKILL", "script");
  });
  expect(status).toBe(null);
});

test("two runs at once for the same image build and push it once", async () => {
  const runs = await Promise.all([stage.publish(), stage.publish()]);
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
  const calls = (command: string) => stage.dockerCalls.filter((call) => call.includes(`${command} `));
  expect([calls("build").length, calls("push").length]).toEqual([1, 1]);
  expect(runs.filter(({ output }) => /: nothing to build$/m.test(output))).toHaveLength(1);
});

test("a missing setting is named before anything is called", async () => {
  const { status, output } = await stage.publish({ CONTEXT: "" });
  expect(status).toBe(1);
  expect(lastLine(output)).toContain("FAILED: CONTEXT is not set");
  expect(stage.awsCalls).toEqual([]);
});
