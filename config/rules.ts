import type { Problem } from "./problem";
import type { Config } from "./schema";
import { applicationProblems } from "./services/application-rules";
import { commonProblems, siteProblems } from "./sites/digitalocean-rules";
import { nodeProblems } from "./sites/node-rules";

/** What is wrong with the config as a whole, where each value by itself is fine. */
export function problemsOf(config: Config): Problem[] {
  return [
    ...applicationProblems(config),
    ...Object.entries(config.sites).flatMap(([name, site]) =>
      site.kind === "digitalocean" ? siteProblems(name, site) : [],
    ),
    ...commonProblems(config),
    ...nodeProblems(config),
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
