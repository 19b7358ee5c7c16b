import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";

/** A file that a browser loads. */
export interface PageFile {
  readonly type: string;
  readonly body: string;
}

const folder = join(__dirname, "page");
const javascript = "text/javascript; charset=utf-8";
const css = "text/css; charset=utf-8";

/**
 * The files of the page, by name. Its script is bundled on the fly, in a fraction of a second, by the bundler that tsx
 * has loaded anyway: so the repository contains no build output, and `npm ci` builds nothing.
 */
export function buildPage(): ReadonlyMap<string, PageFile> {
  const { outputFiles } = buildSync({
    entryPoints: ["page.tsx", "page.css"].map((file) => join(folder, file)),
    outdir: folder,
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    logLevel: "silent",
  });
  const built = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  return new Map([
    ["", { type: "text/html; charset=utf-8", body: read("index.html") }],
    ["page.js", { type: javascript, body: built(".js") }],
    ["page.css", { type: css, body: built(".css") }],
    ["icon.svg", { type: "image/svg+xml", body: read("icon.svg") }],
  ]);
}
