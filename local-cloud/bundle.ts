import { build } from "esbuild";

/** Bundles a TypeScript file and all its imports into one file of JavaScript, for Node.js only. */
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
