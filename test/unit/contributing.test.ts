import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";

/** Paths and commands that a page names as code. */
const named = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
const scripts = (JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> })
  .scripts;

test.each(["CONTRIBUTING.md", "docs/releasing.md", "docs/pipelines.md"])(
  "every file, folder and npm script that %s names exists",
  (page) => {
    const text = readFileSync(page, "utf8");
    const paths = named(page).filter((code) => /^[\w.-]+\/[\w./-]*$|^[\w-]+\.(ts|md|json)$/.test(code));
    const known = [
      ".",
      dirname(page),
      "cli/report/schemas",
      "constructs/aws/monitoring",
      "test/unit",
      "cli",
      "cli/desk/nodes",
      "docs",
    ];
    const made = /^(mirror|plans|cdktf\.out|\.local-cloud)\//;
    const missing = paths.filter(
      (path) => !made.test(path) && !known.some((folder) => existsSync(join(folder, path))),
    );
    expect(paths.length).toBeGreaterThan(2);
    expect(missing.filter((path) => !["stacks.txt", "comment.md"].includes(path))).toEqual([]);
    const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = ""]) => name);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(run));
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = ""]) =>
      join(dirname(page), link),
    );
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  },
);

test("CONTRIBUTING.md names every folder that holds sources or tests", () => {
  const folders = new Set(named("CONTRIBUTING.md").map((code) => code.replace(/\/$/, "")));
  const hidden = ["node_modules", "cdktf.out", "state"];
  const top = readdirSync(".", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !hidden.includes(entry.name))
    .map(({ name }) => name);
  const tests = readdirSync("test", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `test/${name}`);
  expect([...top.filter((name) => name !== "test"), ...tests].filter((name) => !folders.has(name))).toEqual(
    [],
  );
});
