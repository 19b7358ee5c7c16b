import { toMany, toOne, type Resource } from "../api/document";
import { isConfirmable, isDiscardable, isUnderWay, type Phase, type Run } from "./run";

/** A run in an answer. */
export function showRun(run: Run): Resource {
  const { options } = run;
  return {
    id: run.id,
    type: "runs",
    attributes: {
      actions: {
        "is-cancelable": isUnderWay(run),
        "is-confirmable": isConfirmable(run),
        "is-discardable": isDiscardable(run),
        "is-force-cancelable": false,
      },
      "auto-apply": options.autoApply,
      "created-at": run.createdAt,
      "has-changes": run.hasChanges,
      "is-destroy": options.isDestroy,
      message: options.message,
      permissions: Object.fromEntries(["apply", "cancel", "discard"].map((name) => [`can-${name}`, true])),
      "plan-only": options.planOnly,
      refresh: options.refresh,
      "refresh-only": options.refreshOnly,
      "replace-addrs": options.replace,
      "save-plan": options.savePlan,
      source: "tfe-api",
      status: run.status,
      "target-addrs": options.targets,
    },
    relationships: {
      apply: toOne("applies", run.apply.id),
      "configuration-version": toOne("configuration-versions", run.configuration.id),
      plan: toOne("plans", run.plan.id),
      // There are no policies, tasks and cost estimates.
      "policy-checks": toMany("policy-checks", []),
      "task-stages": toMany("task-stages", []),
      workspace: toOne("workspaces", run.workspace.id),
    },
  };
}

/** A plan or an apply in an answer. */
export function showPhase(
  type: "plans" | "applies",
  { id, status, log }: Phase,
  run: Run,
  origin: string,
): Resource {
  return {
    id,
    type,
    attributes: {
      ...(type === "plans" && { "has-changes": run.hasChanges }),
      "log-read-url": `${origin}/_archivist/v1/logs/${log.secret}`,
      status,
    },
    relationships: {},
  };
}
