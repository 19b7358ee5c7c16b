import { writeFileSync } from "node:fs";
import type { ForeignCount, Left } from "./evidence";
import type { Answers } from "./page";
import type { PlanInShell } from "./project";
import type { ProvidersUsed } from "./providers";
import type { JobRun } from "./tasks";
import type { Update } from "./update";

/** The results of a demo, for people and for programs. */
export interface Report {
  providers: ProvidersUsed;
  readonly sandbox: "namespaces" | "process";
  readonly steps: { readonly name: string; readonly seconds: number }[];
  http: Answers | undefined;
  /** A plan right after the deploy. */
  secondPlan: PlanInShell | undefined;
  /** Running services and jobs. */
  running: { readonly services: readonly string[]; readonly jobs: readonly string[] };
  job: JobRun | undefined;
  update: Update | undefined;
  left: Left | undefined;
  foreign: ForeignCount | undefined;
}

/** Writes it as JSON. */
export function writeReport(file: string, report: Report): void {
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
}
