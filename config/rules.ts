import type { Problem } from "./problem";
import type { Config } from "./schema";
import { imageProblems } from "./services/container-rules";
import { fitProblems } from "./services/fit-rules";
import { jobProblems } from "./services/job-rules";
import { serviceProblems } from "./services/service-rules";
import { siteKinds, type SiteKinds } from "./sites";
import { nodeProblems } from "./sites/node-rules";
import { resolveSites } from "./sites/nodes";

/** What is wrong with the config as a whole, where each value by itself is fine. */
export function problemsOf(config: Config, kinds: SiteKinds = siteKinds): Problem[] {
  const sites = resolveSites(config, kinds);
  return [
    ...imageProblems(config),
    ...serviceProblems(config, sites),
    ...jobProblems(config, sites),
    ...fitProblems(config, sites),
    ...Object.entries(kinds).flatMap(([name, kind]) =>
      kind.problems(new Map(Object.entries(config.sites).filter(([, site]) => site.kind === name))),
    ),
    ...nodeProblems(config, sites),
    ...referenceProblems(config, []),
    ...unsupported(config),
  ];
}

/** CDKTF writes its own references so, and would read a user's text as one. */
const reference = /[$#&]\{TfToken\[/;

function referenceProblems(value: unknown, path: readonly PropertyKey[]): Problem[] {
  if (typeof value === "string") {
    return reference.test(value)
      ? [
          {
            path,
            message: "must not hold {TfToken[ after $, # or &, by which CDKTF marks its own references",
          },
        ]
      : [];
  }
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => referenceProblems(inner, [...path, name]))
    : [];
}

function unsupported({ monitoring }: Config): Problem[] {
  return monitoring.enabled
    ? [{ path: ["monitoring", "enabled"], message: "isn't available yet: set it to false" }]
    : [];
}
