import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IStackSynthesizer, ISynthesisSession, TerraformStack } from "cdktf";
import { PlainLocal } from "../constructs/plain-local";
import { CopiedFiles } from "../constructs/script/copied-files";

/**
 * Adds to what CDKTF writes of a stack its plain locals and copied files. CDKTF would need as long for them as for
 * everything else: it looks for tokens in every text, three times, sorts by a library that is ten times slower than
 * Node.js, and deletes and copies every file anew.
 */
export class PlainSynthesizer implements IStackSynthesizer {
  constructor(
    private readonly stack: TerraformStack,
    private readonly others: IStackSynthesizer,
  ) {}

  synthesize(session: ISynthesisSession): void {
    this.others.synthesize(session);
    const { synthesizedStackPath, workingDirectory } = session.manifest.forStack(this.stack);
    const elements = this.stack.node.findAll();
    for (const files of elements.filter((element) => element instanceof CopiedFiles)) {
      files.copyInto(join(session.outdir, workingDirectory));
    }
    const locals = elements.filter((element) => element instanceof PlainLocal);
    if (locals.length > 0) {
      const file = join(session.outdir, synthesizedStackPath);
      const json = JSON.parse(readFileSync(file, "utf8")) as { readonly locals: Record<string, unknown> };
      for (const local of locals) {
        json.locals[local.friendlyUniqueId] = byName(local.values);
      }
      writeFileSync(file, JSON.stringify(json, undefined, 2));
    }
  }
}

/** The same entries, in whatever order they are configured. */
function byName(entries: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.keys(entries)
      .sort()
      .map((name) => [name, entries[name]]),
  );
}
