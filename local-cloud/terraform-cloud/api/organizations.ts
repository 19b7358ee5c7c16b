import { z } from "zod";
import { executionModes, required, type Account } from "../state/account";
import { mayManage } from "../state/permission";
import { form, noRelationships, one, page, paging, read, toOne, type Resource } from "./document";
import type { Routes } from "./route";

const change = form(
  "organizations",
  z.strictObject({ "default-execution-mode": z.enum(executionModes).exclude(["agent"]).optional() }),
  noRelationships,
);

/** The organisation, and its entitlements. */
export function organizationRoutes(account: Account): Routes {
  const found = ({ organization }: Readonly<Record<string, string>>): Account =>
    required(organization === account.organisation ? account : undefined);
  return {
    "GET /api/v2/organizations/{organization}": {
      answer: ({ parameters }) => one(show(found(parameters))),
    },
    "PATCH /api/v2/organizations/{organization}": {
      answer: ({ caller, parameters, json }) => {
        mayManage(caller);
        const organisation = found(parameters);
        const { attributes } = read(change, json).data;
        organisation.executionMode = attributes["default-execution-mode"] ?? organisation.executionMode;
        return one(show(organisation));
      },
    },
    "GET /api/v2/organizations/{organization}/agent-pools": {
      query: ["q", ...paging],
      answer: (call) => {
        const pool = agents(found(call.parameters));
        return page(
          call,
          [pool].filter(({ attributes }) => attributes.name.includes(call.query.get("q") ?? "")),
        );
      },
    },
    "GET /api/v2/organizations/{organization}/entitlement-set": {
      answer: ({ parameters }) => one(entitlements(found(parameters))),
    },
  };
}

function show({ organisation, executionMode, defaultProject }: Account): Resource {
  return {
    id: organisation,
    type: "organizations",
    attributes: {
      name: organisation,
      "default-execution-mode": executionMode,
      "collaborator-auth-policy": "password",
      email: "local@example.com",
    },
    relationships: { "default-project": toOne("projects", defaultProject.id) },
  };
}

function agents({ agentPool, organisation }: Account) {
  return {
    id: agentPool,
    type: "agent-pools",
    attributes: { name: "local-cloud", "organization-scoped": true },
    relationships: { organization: toOne("organizations", organisation) },
  };
}

/** Source: HCP Terraform API, "Show the Entitlement Set". */
function entitlements({ organisation }: Account): Resource {
  return {
    id: organisation,
    type: "entitlement-sets",
    attributes: {
      agents: true,
      "audit-logging": false,
      "cost-estimation": false,
      operations: true,
      "private-module-registry": false,
      "run-tasks": false,
      sentinel: false,
      sso: false,
      "state-storage": true,
      teams: false,
      "vcs-integrations": false,
    },
    relationships: {},
  };
}
