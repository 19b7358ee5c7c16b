import { backendProblems } from "./backend-rules";
import { monitoringProblems } from "./monitoring";
import type { Problem } from "./problem";
import type { Config } from "./schema";
import { entrancesAt } from "./services/entrances";
import { imageProblems } from "./services/container-rules";
import { fitProblems } from "./services/fit-rules";
import { jobProblems } from "./services/job-rules";
import { serviceProblems } from "./services/service-rules";
import { siteKinds, type SiteKinds } from "./sites";
import { nodeProblems } from "./sites/node-rules";
import { resolveSites } from "./sites/nodes";

/** What is wrong with the config as a whole, where each value by itself is fine. */
export function* problemsOf(config: Config, kinds: SiteKinds = siteKinds): Iterable<Problem> {
  const sites = resolveSites(config, kinds);
  yield* backendProblems(config);
  yield* imageProblems(config);
  yield* serviceProblems(config, sites);
  yield* jobProblems(config, sites);
  yield* fitProblems(config, sites);
  for (const [name, kind] of Object.entries(kinds)) {
    const own = Object.entries(config.sites).filter(([, site]) => site.kind === name);
    yield* kind.problems(new Map(own), (site) =>
      entrancesAt(config.services, sites, site).map(({ loadBalancer }) => loadBalancer),
    );
  }
  yield* nodeProblems(config, sites);
  yield* referenceProblems(config, []);
  yield* keyProblems(config.aws);
  yield* monitoringProblems(config.monitoring);
}

/** What is encrypted and its key are in the same region. Source: AWS KMS Developer Guide, "Multi-Region keys". */
function* keyProblems({ region, kmsKeyId = "" }: Config["aws"]): Iterable<Problem> {
  const [, , , keyRegion = region] = kmsKeyId.split(":");
  if (keyRegion !== region) {
    yield { path: ["aws", "kmsKeyId"], message: `must be a key of ${region}, where the control plane is` };
  }
}

function* referenceProblems(value: unknown, path: readonly PropertyKey[]): Iterable<Problem> {
  // CDKTF writes its own references so, and would read a user's text as one.
  if (typeof value === "string" && /[$#&]\{TfToken\[/.test(value)) {
    const message = "must not hold {TfToken[ after $, # or &, by which CDKTF marks its own references";
    yield { path, message };
  }
  if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      yield* referenceProblems(inner, [...path, name]);
    }
  }
}
