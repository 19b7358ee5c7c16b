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

/** Problems with the config as a whole, once each value is valid on its own. */
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

/** A key must be in the region of the data that it encrypts. Source: AWS KMS Developer Guide, "Multi-Region keys". */
function* keyProblems({ region, kmsKeyId = "" }: Config["aws"]): Iterable<Problem> {
  const [, , , keyRegion = region] = kmsKeyId.split(":");
  if (keyRegion !== region) {
    yield { path: ["aws", "kmsKeyId"], message: `must be a key of ${region}, where the control plane is` };
  }
}

function* referenceProblems(value: unknown, path: readonly PropertyKey[]): Iterable<Problem> {
  // CDKTF writes its own references this way, and would take the user's text for one.
  if (typeof value === "string" && /[$#&]\{TfToken\[/.test(value)) {
    const message = "must not contain {TfToken[ after $, # or &, which CDKTF uses to mark its own references";
    yield { path, message };
  }
  if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      yield* referenceProblems(inner, [...path, name]);
    }
  }
}
