import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "@jest/globals";
import prod from "../../config/environments/prod";
import { architecturePicture } from "../../docs/generate/architecture";
import { titles } from "../../demo/steps/titles";
import { stacksOf } from "../../docs/generate/deployment";
import { terminalPicture } from "../../docs/generate/terminal";

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => join("docs", path)),
];
const read = (page: string) => readFileSync(page, "utf8");
/** A page without what it shows of code. */
const prose = (page: string) => read(page).replace(/^ *```.*?^ *```$/gms, "");

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  const headings = [...prose(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("every link leads to an existing file, and to a heading of it", () => {
  const links = pages.flatMap((page) =>
    [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => ({ page, target }))
      .filter(({ target }) => !/^https?:/.test(target)),
  );
  expect(links.length).toBeGreaterThan(60);
  const broken = links.filter(({ page, target }) => {
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test("every page of docs/ is linked from another", () => {
  const linked = pages.flatMap((page) =>
    [...prose(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = ""]) => join(dirname(page), target)),
  );
  const reached = (page: string) => linked.some((target) => page === target || page.startsWith(`${target}/`));
  expect(pages.filter((page) => page.startsWith("docs/") && !reached(page))).toEqual([]);
});

test("every npm script that a page names is in package.json", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name),
  );
  expect(new Set(named).size).toBeGreaterThan(10);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});

test("the README has 200 lines at most, and no table of more than 15 rows", () => {
  const text = read("README.md");
  expect(text.split("\n").length - 1).toBeLessThanOrEqual(200);
  const tables = text.split("\n\n").filter((block) => block.startsWith("|"));
  expect(tables.filter((table) => table.split("\n").length - 2 > 15)).toEqual([]);
});

test("no sentence of a page begins with What to name a thing", () => {
  const found = pages
    .filter((page) => page !== "docs/promises.md")
    .flatMap((page) =>
      [...prose(page).matchAll(/(?:^|[.:;] )(What [^.?:\n]*)/gm)].map(
        ([, sentence = ""]) => `${page}: ${sentence}`,
      ),
    );
  expect(found).toEqual([]);
});

test("docs/pictures/architecture.svg shows today's stacks", () => {
  expect(read("docs/pictures/architecture.svg")).toBe(
    architecturePicture("The stacks of config/environments/prod.ts", stacksOf(prod)),
  );
});

test("docs/pictures/demo.svg shows the recording beside it, in which every step of today's demo succeeds", () => {
  const recording = read("docs/pictures/demo.txt");
  const steps = [...stripVTControlCharacters(recording).matchAll(/^✔ +[\d.]+ s {2}(.+)$/gm)];
  expect(steps.map(([, title]) => title)).toEqual(Object.values(titles));
  expect(recording).toContain("Proven with the providers ");
  expect(read("docs/pictures/demo.svg")).toBe(terminalPicture("npm run demo", recording));
});

test("a picture of a terminal keeps columns and colours, and refuses what it can't draw", () => {
  const drawn = terminalPicture(
    "run",
    "\u001b[32m✔\u001b[39m  a < b   \u001b[1m\u001b[31mbad\u001b[39m one\u001b[22m\n",
  );
  expect(drawn.match(/<text.*<\/text>/g)).toEqual([
    '<text x="18" y="31" textLength="7.8" class="dim">$</text>',
    '<text x="33.6" y="31" textLength="23.4">run</text>',
    '<text x="18" y="67" textLength="7.8" class="good">✔</text>',
    '<text x="41.4" y="67" textLength="39">a &lt; b</text>',
    '<text x="103.8" y="67" textLength="23.4" class="bold bad">bad</text>',
    '<text x="135" y="67" textLength="23.4" class="bold">one</text>',
  ]);
  expect(() => terminalPicture("run", "\u001b[36mblue\u001b[39m")).toThrow(
    "[36m, for which there is no style",
  );
});
