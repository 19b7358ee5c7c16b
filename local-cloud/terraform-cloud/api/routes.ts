import type { Account } from "../state/account";
import { configurationRoutes } from "../runs/configuration-routes";
import type { Executor } from "../runs/execute";
import type { ConfigurationVersion } from "../runs/run";
import { runRoutes } from "../runs/run-routes";
import { lockRoutes } from "./locks";
import { organizationRoutes } from "./organizations";
import { outputRoutes } from "./outputs";
import { projectRoutes } from "./projects";
import { remoteStateRoutes } from "./remote-state";
import type { Routes } from "./route";
import { stateVersionRoutes } from "./state-versions";
import { variableRoutes } from "./variables";
import { workspaceRoutes } from "./workspaces";

/** Every call that is answered. */
export function createRoutes(account: Account, executor: Executor): Routes {
  const configurations = new Map<string, ConfigurationVersion>();
  return {
    "GET /.well-known/terraform.json": {
      signed: true,
      answer: () => ({
        status: 200,
        bytes: Buffer.from(
          JSON.stringify({
            "state.v2": "/api/v2/",
            "tfe.v2": "/api/v2/",
            "tfe.v2.1": "/api/v2/",
            "tfe.v2.2": "/api/v2/",
          }),
        ),
      }),
    },
    // Terraform asks it for the version of the API, in a header, before it has a token.
    "GET /api/v2/ping": { signed: true, answer: () => ({ status: 204 }) },
    ...organizationRoutes(account),
    ...projectRoutes(account),
    ...workspaceRoutes(account),
    ...remoteStateRoutes(account),
    ...variableRoutes(account),
    ...lockRoutes(account),
    ...stateVersionRoutes(account),
    ...outputRoutes(account),
    ...configurationRoutes(account, configurations),
    ...runRoutes(account, executor, configurations),
  };
}
