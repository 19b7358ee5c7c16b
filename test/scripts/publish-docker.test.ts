import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { basename, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { canStartEngine, DockerEngine, login } from "../support/programs/docker-engine";
import { programPath } from "../support/programs/program-path";
import { oneSite } from "../support/synthesis/environments";
import { eventually } from "../support/jest/eventually";
import { startScript } from "../support/scripts/run";
import { resourceAt, stackOf, synthInto } from "../support/synthesis/synth";

const possible = canStartEngine();
const withDocker = possible ? test : test.skip;
const platform = process.arch === "arm64" ? ("linux/arm64" as const) : ("linux/amd64" as const);
let engine: DockerEngine;

beforeAll(async () => {
  if (possible) {
    engine = await DockerEngine.start();
    importBases();
  }
}, 300_000);

afterAll(async () => {
  if (possible) {
    await engine.stop();
  }
}, 120_000);

/** The images that the sample's Dockerfile begins with, of this machine's programs and what they link to. */
function importBases(): void {
  const [node = "", base = ""] = [...readFileSync("app/Dockerfile", "utf8").matchAll(/^FROM (\S+)/gm)].map(
    ([, name]) => name,
  );
  const ofNode = (path: string) => /^lib(stdc\+\+|gcc_s)\./.test(basename(path));
  engine.importImage(
    node,
    new Map([
      ["usr/local/bin/node", process.execPath],
      // As the real one has them.
      ["usr/local/bin/npm", "/usr/bin/env"],
      ["usr/local/lib/node_modules/npm/package.json", "package.json"],
      ...librariesOf(process.execPath)
        .filter(ofNode)
        .map((path) => [join("usr/lib", basename(path)), path] as const),
    ]),
  );
  // The real one has wget, which the sample's health check takes as well.
  const programs = {
    "bin/sh": "/bin/sh",
    "usr/bin/env": "/usr/bin/env",
    "usr/bin/curl": programPath("curl"),
  };
  const libraries = [process.execPath, ...Object.values(programs)].flatMap(librariesOf);
  engine.importImage(
    base,
    new Map([
      ...Object.entries(programs),
      ...libraries.filter((path) => !ofNode(path)).map((path) => [path, path] as const),
    ]),
  );
}

function librariesOf(program: string): string[] {
  const linked = execFileSync("ldd", [program], { encoding: "utf8" });
  return [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}

/** Publishes the sample as Terraform does after a synthesis; ECR is asked by way of the registry. */
async function publish(): Promise<{
  readonly status: number | null;
  readonly output: string;
  readonly image: string;
}> {
  const outdir = join(engine.folder, "cdktf.out");
  const images = { app: { build: "app", platform } };
  const stack = stackOf(
    synthInto(outdir, { ...oneSite, images, services: { web: { image: "app" } } }),
    "service-web",
  );
  const [{ "local-exec": call } = {}] = resourceAt(stack, "null_resource.image")["provisioner"] as {
    readonly "local-exec"?: { readonly command: string; readonly environment: Record<string, string> };
  }[];
  const { command = "", environment = {} } = call ?? {};
  const beside = (path = "") => resolve(outdir, "stacks/service-web", path);
  const repository = `${engine.registry}/shop/app`;
  const bin = join(engine.folder, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "aws"), awsScript(engine.registry), { mode: 0o755 });
  // The keychain that Docker takes by default where there is one.
  writeFileSync(
    join(bin, "docker-credential-secretservice"),
    `#!/bin/sh\necho {}\n[ $1 = list ] || touch ${keychain()}\n`,
    {
      mode: 0o755,
    },
  );
  const running = startScript(
    beside(command.replace("bash ", "")),
    {
      ...environment,
      REPOSITORY: repository,
      CONTEXT: beside(environment["CONTEXT"]),
      AWS_LIBRARY: beside(environment["AWS_LIBRARY"]),
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      HOME: engine.home,
      TMPDIR: engine.folder,
    },
    300,
  );
  return { ...(await running.ended), image: `${repository}:${environment["TAG"] ?? ""}` };
}

/** Is there once something was kept in a keychain. */
function keychain(): string {
  return join(engine.folder, "keychain");
}

function awsScript(registry: string): string {
  return `#!/usr/bin/env bash
case "$1 $2" in
  "sts get-caller-identity") echo ${oneSite.aws.accountId} ;;
  "ecr get-login-password") echo ${login.password} ;;
  "ecr describe-images")
    [[ "$*" =~ --repository-name\\ ([^ ]+)\\ .*imageTag=([^ ]+) ]]
    curl -sSf -o /dev/null -u ${login.name}:${login.password} -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \\
      "http://${registry}/v2/\${BASH_REMATCH[1]}/manifests/\${BASH_REMATCH[2]}" && echo sha256:0 && exit
    echo "An error occurred (ImageNotFoundException) when calling the DescribeImages operation" >&2
    exit 254
    ;;
esac
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

withDocker(
  "the sample's image is built, pushed and run by a real Docker engine, and not built a second time",
  async () => {
    const before = readFileSync(join(engine.home, ".docker/config.json"), "utf8");
    const first = await publish();
    expect(first.output).toContain(`${first.image} is in the registry\n`);
    expect(first.status).toBe(0);
    expect(await publish()).toMatchObject({
      status: 0,
      output: expect.stringMatching(/is already in the registry: nothing to build\n$/) as unknown,
    });
    expect(readFileSync(join(engine.home, ".docker/config.json"), "utf8")).toBe(before);
    expect(existsSync(keychain())).toBe(false);

    const port = await freePort();
    const container = engine.docker(
      ...["run", "--detach", "--network=host", "--read-only", "--cap-drop=ALL"],
      ...["--env", `PORT=${port}`, "--env", "HOST=127.0.0.1"],
      ...["--env", "READY_AFTER_SECONDS=0", "--env", "LAME_DUCK_SECONDS=0", first.image],
    );
    const page = await eventually("the container answers", () =>
      fetch(`http://127.0.0.1:${port}/`).catch(() => undefined),
    );
    expect(await page.json()).toEqual({ site: "unknown", node: "unknown", task: "unknown" });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(engine.docker("exec", container, "healthcheck")).toBe("");

    expect(engine.docker("exec", container, "node", "-p", "process.getuid()")).toBe("65532");
    const archive = join(engine.folder, "container.tar");
    engine.docker("export", "--output", archive, container);
    const files = execFileSync("tar", ["-tf", archive], { encoding: "utf8" });
    expect(files).toMatch(/^usr\/local\/bin\/node$/m);
    expect(files).not.toMatch(/npm|corepack|yarn/);

    engine.docker("stop", container);
    expect(engine.docker("inspect", "--format", "{{.State.ExitCode}}", container)).toBe("0");
    engine.docker("rm", container);
  },
  300_000,
);
