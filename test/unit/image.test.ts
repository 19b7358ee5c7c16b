import fs, {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  utimesSync,
} from "node:fs";
import { join, relative } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { buildContextProblem, readBuildContext } from "../../config/services/build-context";
import { ConfigError } from "../../config/load";
import type { Environment } from "../../config/schema";
import { hashContext } from "../../constructs/image/context-copy";
import { containersAt } from "../support/synthesis/containers";
import { oneSite } from "../support/synthesis/environments";
import { withFolder, writeFiles, type Files } from "../support/files/folder";
import { addresses, resourceAt, stackOf, synth, synthInto } from "../support/synthesis/synth";

const app: Files = {
  Dockerfile: "FROM scratch\nCOPY . .\n",
  "server.js": "serve()\n",
  "bin/healthcheck": { executable: "#!/bin/sh\n" },
  current: { link: "/srv/releases/1" },
};

const pathsOf = (files: Files) =>
  withFolder(files, (folder) => readBuildContext(folder).files.map(({ path }) => path));
const hashIn = (folder: string) => hashContext(readBuildContext(folder), "linux/amd64");
const hash = (files: Files) => withFolder(files, hashIn);
const built = (build: string): Environment => ({
  ...oneSite,
  images: { app: { build } },
  services: { web: { image: "app" } },
});

test("two folders with the same files have the same hash, whatever their order, times, umask and empty folders", () => {
  const umask = process.umask(0o077);
  try {
    withFolder(Object.fromEntries(Object.entries(app).reverse()), (folder) => {
      mkdirSync(join(folder, "empty"));
      utimesSync(join(folder, "server.js"), 1, 1);
      chmodSync(join(folder, "server.js"), 0o664);
      chmodSync(join(folder, "bin/healthcheck"), 0o700);
      expect(hashIn(folder)).toBe(hash(app));
    });
  } finally {
    process.umask(umask);
  }
  expect(hash(app)).toMatch(/^[0-9a-f]{64}$/);
});

test.each<[string, Files]>([
  ["content", { ...app, "server.js": "serve(1)\n" }],
  ["the Dockerfile", { ...app, Dockerfile: "FROM scratch\n" }],
  ["an executable bit", { ...app, "server.js": { executable: "serve()\n" } }],
  ["the target of a link", { ...app, current: { link: "/srv/releases/2" } }],
  ["a link in place of a file that holds its target", { ...app, current: "/srv/releases/1" }],
  ["one more file", { ...app, "new.js": "" }],
  ["a Dockerfile that can't be copied any more", { ...app, ".dockerignore": "Dockerfile\n.dockerignore\n" }],
])("%s changes the hash", (_, files) => {
  expect(hash(files)).not.toBe(hash(app));
});

test("the hash tells a file's name, its content and the platform apart", () => {
  const { "server.js": server = "", ...others } = app;
  expect(hash({ ...others, "server.jss": server })).not.toBe(hash(app));
  withFolder(app, (folder) => {
    expect(hashContext(readBuildContext(folder), "linux/arm64")).not.toBe(hashIn(folder));
  });
});

test.each<[string, string, readonly string[]]>([
  ["nothing", "", [".dockerignore", "Dockerfile", "a.md", "lib/a.js", "lib/b.md", "node_modules/x/index.js"]],
  ["folders", "# comment\n\nnode_modules\n", [".dockerignore", "Dockerfile", "a.md", "lib/a.js", "lib/b.md"]],
  ["patterns", "*.md\nnode_modules/\n", [".dockerignore", "Dockerfile", "lib/a.js", "lib/b.md"]],
  ["patterns at any depth", "**/*.md\r\nnode_modules\r\n", [".dockerignore", "Dockerfile", "lib/a.js"]],
  ["exceptions below what is ignored", "*\n!lib\n", ["Dockerfile", "lib/a.js", "lib/b.md"]],
  ["the case of names", "LIB\nnode_modules\n*.md\n", [".dockerignore", "Dockerfile", "lib/a.js", "lib/b.md"]],
])("a .dockerignore with %s lets through what Docker would, and the Dockerfile", (_, rules, paths) => {
  const files = { "lib/a.js": "", "lib/b.md": "", "a.md": "", "node_modules/x/index.js": "" };
  expect(pathsOf({ ...files, Dockerfile: "FROM scratch", ".dockerignore": rules })).toEqual(paths);
});

test("ignored files don't change the hash, and neither does the order of independent rules", () => {
  const rules = ["*.log", "tmp", ".dockerignore"];
  const first = hash({ ...app, ".dockerignore": rules.join("\n"), "a.log": "1", "tmp/x": "1" });
  expect(hash({ ...app, ".dockerignore": rules.reverse().join("\n"), "a.log": "2" })).toBe(first);
});

test("an image is built once for each content, before tasks name it by its immutable tag", () => {
  withFolder(app, (folder) => {
    const stack = stackOf(synth(built(folder)), "service-web");
    const tag = hashIn(folder).slice(0, 16);
    const repository = "${data.terraform_remote_state.control-plane.outputs.repository_urls.app}";
    const settings = {
      IMAGE: "app",
      REPOSITORY: repository,
      TAG: tag,
      PLATFORM: "linux/amd64",
      AWS_REGION: "eu-west-1",
      ACCOUNT: "123456789012",
    };
    expect(resourceAt(stack, "null_resource.image")).toEqual({
      "//": expect.anything() as unknown,
      triggers: settings,
      provisioner: [
        {
          "local-exec": {
            command: expect.stringMatching(
              /^bash \.\/assets\/publish\/[0-9A-F]{32}\/publish\.sh$/,
            ) as unknown,
            environment: {
              ...settings,
              CONTEXT: `./assets/context/${tag}`,
              AWS_LIBRARY: expect.stringMatching(/^\.\/assets\/aws\/[0-9A-F]{32}\/aws\.sh$/) as unknown,
            },
          },
        },
      ],
    });
    expect(resourceAt(stack, "aws_ecs_task_definition.task")["depends_on"]).toEqual(["null_resource.image"]);
    expect(containersAt(stack, "ams3")).toMatchObject([{ image: `${repository}:${tag}` }]);
    expect(stack.output["image_uri"]).toMatchObject({ value: `${repository}:${tag}` });
  });
});

test("a prebuilt image adds nothing to the service's stack", () => {
  const stack = stackOf(synth(oneSite), "service-web");
  expect(addresses(stack)).not.toContain("null_resource.image");
  expect(resourceAt(stack, "aws_ecs_task_definition.task")).not.toHaveProperty("depends_on");
});

test("another platform is another image", () => {
  const servers: Environment["sites"] = { berlin: { kind: "on-premises", nodes: { "rack-1": {} } } };
  const settingsFor = (platform: "linux/amd64" | "linux/arm64") => {
    const images = { app: { build: "app", platform } };
    const stacks = synth({ ...oneSite, sites: servers, images, services: { web: { image: "app" } } });
    return resourceAt(stackOf(stacks, "service-web"), "null_resource.image")["triggers"];
  };
  const { TAG } = settingsFor("linux/amd64") as { TAG: string };
  expect(settingsFor("linux/arm64")).toMatchObject({ PLATFORM: "linux/arm64" });
  expect(settingsFor("linux/arm64")).not.toMatchObject({ TAG });
});

test("exactly the hashed files are copied beside the stack's JSON, with fixed modes, in place of the last ones", () => {
  const umask = process.umask(0o077);
  try {
    withFolder({}, (outdir) => {
      withFolder({ ...app, ".dockerignore": "*.log\n", "a.log": "" }, (folder) => {
        const contexts = join(outdir, "stacks/service-web/assets/context");
        synthInto(outdir, built(folder));
        const [before = ""] = readdirSync(contexts);
        writeFiles(folder, { "server.js": "serve(2)\n" });
        const stack = stackOf(synthInto(outdir, built(folder)), "service-web");
        const tag = hashIn(folder).slice(0, 16);
        expect(readdirSync(contexts)).toEqual([tag]);
        expect(tag).not.toBe(before);
        const copy = join(contexts, tag);
        expect(hashIn(copy)).toBe(hashIn(folder));
        const modes = ["", "bin", "bin/healthcheck", "server.js"].map(
          (path) => lstatSync(join(copy, path)).mode & 0o777,
        );
        expect(modes).toEqual([0o755, 0o755, 0o755, 0o644]);
        expect(readlinkSync(join(copy, "current"))).toBe("/srv/releases/1");
        expect(JSON.stringify(stack)).not.toContain(folder);
      });
    });
  } finally {
    process.umask(umask);
  }
});

test("an ignored Dockerfile still builds the copy, and can't be copied into the image there either", () => {
  withFolder({}, (outdir) => {
    withFolder({ ...app, ".dockerignore": "*\n!server.js\n" }, (folder) => {
      synthInto(outdir, built(folder));
      const copy = join(outdir, "stacks/service-web/assets/context", hashIn(folder).slice(0, 16));
      expect(readdirSync(copy).sort()).toEqual([".dockerignore", "Dockerfile", "server.js"]);
      expect(readFileSync(join(copy, ".dockerignore"), "utf8")).toBe("Dockerfile\n.dockerignore\n");
    });
  });
});

test("a folder is found from the working directory, and gives the same image wherever it lies", () => {
  withFolder(app, (folder) => {
    const imageOf = (build: string) => stackOf(synth(built(build)), "service-web");
    expect(imageOf(relative(process.cwd(), folder))).toEqual(imageOf(folder));
    withFolder(app, (other) => {
      expect(imageOf(other)).toEqual(imageOf(folder));
    });
  });
});

test("a context that ignores everything is refused, but a Dockerfile alone isn't", () => {
  withFolder({ Dockerfile: "FROM scratch", "server.js": "", ".dockerignore": "*\n" }, (folder) => {
    expect(buildContextProblem(folder)).toBe(
      "is an empty build context: its .dockerignore excludes everything but the Dockerfile; include the image's files",
    );
  });
  withFolder({ Dockerfile: "FROM scratch" }, (folder) => {
    expect(buildContextProblem(folder)).toBeUndefined();
  });
});

test("a context that holds the output of the synthesis is refused, since it would change each time", () => {
  withFolder({ Dockerfile: "FROM scratch", "server.js": "" }, (folder) => {
    const outdir = join(folder, "cdktf.out");
    const refusal = `images.app.build holds ${outdir}, which every synthesis changes: add it to .dockerignore (got "${folder}")`;
    expect(() => synthInto(outdir, built(folder))).toThrow(new ConfigError([refusal]));
    writeFiles(folder, { ".dockerignore": "cdktf.out\n" });
    expect(addresses(stackOf(synthInto(outdir, built(folder)), "service-web"))).toContain(
      "null_resource.image",
    );
  });
});

test("a build context that can't be read is refused in one line", () => {
  const refused = (files: Files, reason: string) => {
    withFolder(files, (folder) => {
      const problem = `images.app.build can't be read (${reason}`;
      expect(() => synth(built(folder))).toThrow(problem);
      expect(() => synth(built(folder))).toThrow(ConfigError);
    });
  };
  refused({ ...app, ".dockerignore": { link: ".dockerignore" } }, "ELOOP: ");

  // The superuser, who may run this test, can read every folder.
  const real = fs.readdirSync.bind(fs) as unknown as (path: string, options?: object) => unknown;
  const reading = jest.spyOn(fs, "readdirSync").mockImplementation(((path: string, options?: object) => {
    if (path.endsWith("/bin")) {
      throw new Error("EACCES: permission denied");
    }
    return real(path, options);
  }) as unknown as typeof fs.readdirSync);
  try {
    refused(app, "EACCES: permission denied");
  } finally {
    reading.mockRestore();
  }
});
