import { beforeEach, expect, jest, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reportSchemas } from "../../cli/report/schemas";
import { fakeState, fakeTerraform, useProject } from "./project";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

const project = useProject();
const [first, second, third, fourth] = ["1", "2", "3", "4"].map((digit) => digit.repeat(16)) as [
  string,
  string,
  string,
  string,
];
const commit = "0123456789ab";

beforeEach(() => {
  mkdirSync(join(project().folder, "app"), { recursive: true });
  writeFileSync(join(project().folder, "app/Dockerfile"), "FROM scratch\n");
  project().configure({
    images: { app: { build: "app" } },
    services: { web: { image: "app", http: { port: 8080 } }, other: { image: "registry.example/other:v1" } },
  });
  project().nodes.image = `registry.example/app:${third}`;
  project().aws.behaviour.images = [
    { imageTags: [second, `commit-${commit}`], pushed: "2026-11-02T10:00:00Z" },
    { imageTags: [third], pushed: "2026-11-03T10:00:00Z" },
    { imageTags: [first], pushed: "2026-11-01T10:00:00Z" },
  ];
});

interface Deployed {
  readonly tag: string;
  readonly from?: readonly string[];
}

/** Runs a command of a checkout whose image has a tag, where `deployed` is, with a Terraform that changes nothing. */
async function run(present: string, deployed: Deployed, ...args: readonly string[]) {
  const file = fakeState(project(), []);
  const state = JSON.parse(readFileSync(file, "utf8")) as { outputs: Record<string, object> };
  state.outputs["image_uri"] = { value: `registry.example/app:${deployed.tag}` };
  state.outputs["rolled_back"] = { value: deployed.from === undefined ? "" : JSON.stringify(deployed) };
  writeFileSync(file, JSON.stringify(state));
  const ended = await project().anywhere(args, {
    TERRAFORM_BINARY_NAME: fakeTerraform,
    FAKE_STATE: file,
    FAKE_CHANGES: "yes",
    IMAGE_TAG: present,
  });
  return {
    ...ended,
    applied: project()
      .lines("record")
      .filter((line) => line.includes(": apply ")),
  };
}

const rollback = (...args: readonly string[]) =>
  run(third, { tag: third }, "rollback", "web", "--auto-approve", ...args);

/** The image in the service's stack as last synthesised. */
function synthesised(): Deployed {
  const path = join(project().folder, "cdktf.out/environment/stacks/service-web/cdk.tf.json");
  const { output } = JSON.parse(readFileSync(path, "utf8")) as {
    output: { rolled_back: { value: string } };
  };
  const { value } = output.rolled_back;
  return value === "" ? { tag: "present" } : (JSON.parse(value) as Deployed);
}

test("rollback deploys the previous image, in its service's stack alone, and says what follows", async () => {
  const { exitCode, stderr, applied } = await rollback();
  expect({ exitCode, applied }).toEqual({
    exitCode: 0,
    applied: [expect.stringMatching(/^service-web: apply /)],
  });
  expect(synthesised()).toEqual({ tag: second, from: [third] });
  expect(stderr).toContain(
    `web: from ${third} back to ${second}, pushed 2026-11-02 10:00:00Z, of commit ${commit}\n`,
  );
  expect(stderr).toContain(`web stays at ${second} until it gets an image other`);
  expect(stderr).toContain(`"npm run deploy -- service-web --roll-forward"`);
});

test.each([
  ["tag", first, first],
  ["commit", "0123456789abcdef0123", second],
  ["beginning of a commit", "0123456", second],
])("rollback deploys the image with the given %s", async (_, to, tag) => {
  expect(await rollback("--to", to)).toSucceed();
  expect(synthesised()).toEqual({ tag, from: [third] });
});

/** Roll-outs of these images, the oldest first: of each its tag, and how it ended. */
function rolledOut(...all: readonly (readonly [tag: string, status: string])[]): void {
  project().nodes.rollOuts = all.map(([tag, status]) => ({ image: `registry.example/app:${tag}`, status }));
}

test("rollback passes over an image whose last roll-out failed, and says so", async () => {
  rolledOut(
    [first, "SUCCESSFUL"],
    [second, "SUCCESSFUL"],
    [second, "ROLLBACK_SUCCESSFUL"],
    [third, "SUCCESSFUL"],
  );
  const { stderr } = await rollback();
  expect(synthesised()).toEqual({ tag: first, from: [third] });
  expect(stderr).toContain(
    `web: the last roll-out of ${second} failed\nweb: from ${third} back to ${first},`,
  );
});

test("rollback deploys an image whose roll-out failed and was then repeated, or that --to names", async () => {
  rolledOut([second, "ROLLBACK_SUCCESSFUL"], [second, "SUCCESSFUL"], [third, "SUCCESSFUL"]);
  expect((await rollback()).stderr).not.toContain("failed");
  expect(synthesised()).toEqual({ tag: second, from: [third] });
  rolledOut([second, "ROLLBACK_FAILED"], [third, "SUCCESSFUL"]);
  expect(await rollback("--to", second)).toSucceed();
  expect(synthesised()).toEqual({ tag: second, from: [third] });
});

test("rollback deploys the previous image where ECS refuses to say which roll-outs failed, and says so", async () => {
  project().nodes.rollOuts = undefined;
  const { stderr } = await rollback();
  expect(synthesised()).toEqual({ tag: second, from: [third] });
  expect(stderr).toContain(
    "web: ECS doesn't say which roll-outs failed: AccessDeniedException: You may not.\n",
  );
});

test("rollback refuses where each earlier image's last roll-out failed", async () => {
  rolledOut([first, "ROLLBACK_FAILED"], [second, "ROLLBACK_IN_PROGRESS"]);
  const { exitCode, stderr, applied } = await rollback();
  expect({ exitCode, applied }).toEqual({ exitCode: 1, applied: [] });
  expect(stderr).toContain(
    `ECR has no image of web from before ${third} that works: the last roll-out of ${second}, ${first} failed: ` +
      "nothing was changed. Choose one with --to. It has:\n",
  );
});

test("rollback --list shows images with their push times, commits and failed roll-outs, and changes nothing", async () => {
  rolledOut([second, "ROLLBACK_SUCCESSFUL"]);
  const { stdout, applied } = await run(third, { tag: third }, "rollback", "web", "--list");
  expect(stdout.split("\n").map((line) => line.trimEnd().replaceAll(/ {2,}/g, "  "))).toEqual([
    "TAG  PUSHED  COMMIT  SIZE",
    `${third}  2026-11-03 10:00:00Z  unknown  32 MiB  deployed`,
    `${second}  2026-11-02 10:00:00Z  ${commit}  32 MiB  roll-out failed`,
    `${first}  2026-11-01 10:00:00Z  unknown  32 MiB`,
    "",
  ]);
  expect(applied).toEqual([]);
  const json = await run(third, { tag: third }, "rollback", "web", "--list", "--json");
  const validate = new Ajv2020({ formats: { "date-time": true } }).compile(
    reportSchemas().get("rollback") ?? {},
  );
  validate(JSON.parse(json.stdout));
  expect(validate.errors).toBeNull();
});

test("rollback refuses an image that is gone or already runs, and a service without an earlier image", async () => {
  const gone = await rollback("--to", fourth);
  expect(gone).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      `ECR has no image ${fourth} of web, or no longer has it: nothing was changed.`,
    ),
  });
  expect(gone.stderr).toContain(`\n${second}, pushed 2026-11-02 10:00:00Z, of commit ${commit}\n`);
  expect((await rollback("--to", third)).stderr).toContain(`web runs ${third} already: nothing was changed.`);
  project().nodes.image = `registry.example/app:${first}`;
  expect((await rollback()).stderr).toContain(`ECR has no image of web from before ${first}`);
  project().aws.behaviour.images = [];
  expect((await rollback("--to", first)).stderr).toContain("It has:\nnone\n");
  expect(project().lines("record")).toEqual([]);
});

test("rollback refuses a service that doesn't exist, isn't deployed, or has an image built elsewhere", async () => {
  const refusal = async (name: string, ...args: readonly string[]) =>
    (await run(third, { tag: third }, "rollback", name, ...args)).stderr;
  expect(await refusal("wbe")).toContain(
    "No service is called wbe: this environment has web, other. Did you mean web?",
  );
  expect(await refusal("web")).toContain("--auto-approve");
  expect(await refusal("other")).toContain(
    'The image of other isn\'t built here: set services.other.image to the earlier one, and run "npm run deploy -- service-other".',
  );
  project().nodes.image = undefined;
  expect(await refusal("web", "--auto-approve")).toContain(
    "web runs no image that was built here (it isn't deployed in cli-test).",
  );
});

test("a deploy and a diff leave a rolled-back service alone while its image is one that it was rolled back from", async () => {
  for (const command of [["deploy", "--auto-approve"], ["diff"]]) {
    const { stderr } = await run(third, { tag: second, from: [third] }, ...command);
    expect(stderr).toContain(
      `web stays at the image ${second}, to which it was rolled back: the present image, ${third}, is one that it was ` +
        "rolled back from. Change it, or deploy it anyway with --roll-forward.\n",
    );
    expect(synthesised()).toEqual({ tag: second, from: [third] });
  }
});

test("a deploy of another image, or with --roll-forward, rolls a service forward again and says so", async () => {
  const deployed = { tag: second, from: [third] };
  const other = await run(fourth, deployed, "deploy", "--auto-approve");
  expect(other.stderr).toContain(
    `web was rolled back to the image ${second}, and rolls forward to ${fourth}.\n`,
  );
  expect(synthesised()).toEqual({ tag: "present" });
  const forward = await run(third, deployed, "deploy", "--auto-approve", "--roll-forward");
  expect(forward.stderr).toContain(
    `web was rolled back to the image ${second}, and rolls forward to ${third}.\n`,
  );
  expect(synthesised()).toEqual({ tag: "present" });
});

test("a second rollback remembers all images that were rolled back from, until one of them is chosen", async () => {
  project().nodes.image = `registry.example/app:${second}`;
  const deployed = { tag: second, from: [third] };
  await run(third, deployed, "rollback", "web", "--auto-approve");
  expect(synthesised()).toEqual({ tag: first, from: [third, second] });
  await run(third, deployed, "rollback", "web", "--auto-approve", "--to", third);
  expect(synthesised()).toEqual({ tag: third, from: [second] });
});

test("a deploy of services that were never rolled back doesn't mention rollbacks", async () => {
  const { stderr } = await run(fourth, { tag: third }, "deploy", "--auto-approve");
  expect(stderr).not.toContain("rolled back");
  expect(synthesised()).toEqual({ tag: "present" });
});
