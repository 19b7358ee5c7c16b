import { z } from "zod";
import { newId, required, type Account, type Workspace } from "../state/account";
import { manageable } from "../state/permission";
import { ApiError, conflict, invalid, notModelled } from "../api/api-error";
import { form, one, page, paging, read, related, type Resource } from "../api/document";
import type { Call, Route, Routes } from "../api/route";
import { showWorkspace } from "../api/workspaces";
import type { Executor } from "./execute";
import { Log } from "./log";
import { isConfirmable, isDiscardable, isUnderWay, type ConfigurationVersion, type Run } from "./run";
import { showPhase, showRun } from "./show";

const addresses = z.array(z.string()).nullish();
const creation = form(
  "runs",
  z.strictObject({
    "auto-apply": z.boolean().optional(),
    "is-destroy": z.boolean().default(false),
    message: z.string().default(""),
    "plan-only": z.boolean().default(false),
    refresh: z.boolean().default(true),
    "refresh-only": z.boolean().default(false),
    "replace-addrs": addresses,
    "save-plan": z.boolean().default(false),
    "target-addrs": addresses,
    variables: z.array(z.never("variables of a single run are not modelled")).nullish(),
  }),
  z.strictObject({
    workspace: related("workspaces"),
    "configuration-version": related("configuration-versions"),
  }),
);

/** Runs: created, read, confirmed, discarded, cancelled. */
export function runRoutes(
  account: Account,
  executor: Executor,
  configurations: ReadonlyMap<string, ConfigurationVersion>,
): Routes {
  const { runs } = executor;
  const runOf = ({ caller, parameters }: Call): Run => {
    const run = required(runs.get(parameters["run"] ?? ""));
    manageable(account, caller, run.workspace.id);
    return run;
  };
  const action = (may: (run: Run) => boolean, act: (run: Run) => void): Route => ({
    answer: (call) => {
      const run = runOf(call);
      if (!may(run)) {
        throw conflict(`The run is ${run.status}`);
      }
      act(run);
      return { status: 202, json: {} };
    },
  });
  const phases: Readonly<Record<string, (run: Run) => Resource>> = {
    plan: (run) => showPhase("plans", run.plan, run, account.origin),
    apply: (run) => showPhase("applies", run.apply, run, account.origin),
    workspace: ({ workspace }) => showWorkspace(account, workspace),
  };
  return {
    "POST /api/v2/runs": {
      answer: ({ caller, json }) => {
        const { attributes, relationships = {} } = read(creation, json).data;
        const workspace = manageable(account, caller, relationships.workspace ?? "");
        const configuration = configurations.get(relationships["configuration-version"] ?? "");
        if (configuration?.workspace !== workspace.id || configuration.archive === undefined) {
          throw invalid("configuration-version must be one of the workspace that was uploaded");
        }
        const run = create(workspace, configuration, attributes);
        runs.set(run.id, run);
        executor.advance();
        return one(showRun(run), 201);
      },
    },
    "GET /api/v2/workspaces/{workspace}/runs": {
      query: paging,
      answer: (call) => {
        const workspace = manageable(account, call.caller, call.parameters["workspace"] ?? "");
        const found = [...runs.values()].filter((run) => run.workspace === workspace);
        return page(call, found.reverse().map(showRun));
      },
    },
    // Each waits only for its workspace: there is always a worker.
    [`GET /api/v2/organizations/${account.organisation}/runs/queue`]: {
      query: paging,
      answer: (call) => page(call, []),
    },
    "GET /api/v2/runs/{run}": {
      query: ["include"],
      answer: (call) => {
        const run = runOf(call);
        const included = (call.query.get("include") ?? "").split(",").flatMap((name) => {
          const shown = phases[name];
          if (shown === undefined && name !== "" && name !== "task_stages") {
            throw new ApiError(400, "Invalid include parameter", name);
          }
          return shown === undefined ? [] : [shown(run)];
        });
        return one(showRun(run), 200, included);
      },
    },
    "GET /api/v2/runs/{run}/run-events": {
      answer: (call) => {
        runOf(call);
        return { status: 200, json: { data: [] } };
      },
    },
    "POST /api/v2/runs/{run}/actions/apply": action(isConfirmable, executor.confirm),
    "POST /api/v2/runs/{run}/actions/discard": action(isDiscardable, executor.discard),
    "POST /api/v2/runs/{run}/actions/cancel": action(isUnderWay, executor.cancel),
    ...phaseRoutes(account, executor),
  };
}

function create(
  workspace: Workspace,
  configuration: ConfigurationVersion,
  attributes: z.output<typeof creation>["data"]["attributes"],
): Run {
  const newPhase = (prefix: string) => ({ id: newId(prefix), log: new Log(), status: "pending" as const });
  return {
    id: newId("run"),
    workspace,
    configuration,
    options: {
      isDestroy: attributes["is-destroy"],
      refresh: attributes.refresh,
      refreshOnly: attributes["refresh-only"],
      planOnly: attributes["plan-only"] || configuration.speculative,
      savePlan: attributes["save-plan"],
      autoApply: attributes["auto-apply"] ?? workspace.autoApply,
      targets: attributes["target-addrs"] ?? [],
      replace: attributes["replace-addrs"] ?? [],
      message: attributes.message,
    },
    createdAt: new Date().toISOString(),
    plan: newPhase("plan"),
    apply: newPhase("apply"),
    status: "pending",
    hasChanges: false,
    planJson: undefined,
    isCanceled: false,
    interrupt: undefined,
  };
}

/** Plans, applies and their logs. */
function phaseRoutes(account: Account, { runs, redact }: Executor): Routes {
  const find = (call: Call, of: "plan" | "apply"): Run => {
    const run = required([...runs.values()].find((one) => one[of].id === call.parameters["id"]));
    manageable(account, call.caller, run.workspace.id);
    return run;
  };
  return {
    "GET /api/v2/plans/{id}": {
      answer: (call) => {
        const run = find(call, "plan");
        return one(showPhase("plans", run.plan, run, account.origin));
      },
    },
    "GET /api/v2/applies/{id}": {
      answer: (call) => {
        const run = find(call, "apply");
        return one(showPhase("applies", run.apply, run, account.origin));
      },
    },
    "GET /api/v2/plans/{id}/json-output": {
      answer: (call) => ({ status: 200, bytes: required(find(call, "plan").planJson) }),
    },
    "GET /api/v2/plans/{id}/json-output-redacted": {
      answer: async (call) => {
        const run = find(call, "plan");
        required(run.planJson);
        const json = await redact(run);
        if (json === undefined) {
          throw notModelled("The redacted plan of a run that doesn't wait to be confirmed");
        }
        return { status: 200, json };
      },
    },
    "GET /_archivist/v1/logs/{secret}": {
      signed: true,
      query: ["limit", "offset"],
      answer: ({ parameters, query }) => {
        const phases = [...runs.values()].flatMap(({ plan, apply }) => [plan, apply]);
        const { log } = required(phases.find((phase) => phase.log.secret === parameters["secret"]));
        const bytes = log.read(Number(query.get("offset") ?? 0), Number(query.get("limit") ?? Infinity));
        return { status: 200, bytes, type: "text/plain" };
      },
    },
  };
}
