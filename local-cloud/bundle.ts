import { build } from "esbuild";

/** Makes one file of JavaScript, for Node.js alone, of a TypeScript file and all that it imports. */
export async function bundle(
  entryPoint: string,
  outfile: string,
  { firstLine }: { readonly firstLine?: string } = {},
): Promise<void> {
  await build({
    entryPoints: [entryPoint],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    logLevel: "silent",
    banner: firstLine === undefined ? {} : { js: firstLine },
  });
}
