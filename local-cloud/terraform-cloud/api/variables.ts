import { z } from "zod";
import { newId, required, type Account, type Variable, type Workspace } from "../state/account";
import { manageable } from "../state/permission";
import { invalid } from "./api-error";
import { form, noRelationships, nothing, one, page, paging, read, toOne, type Resource } from "./document";
import type { Call, Route, Routes } from "./route";

// Source: HCP Terraform API, "Workspace Variables".
const key = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "must be a name of a variable");
const settings = {
  value: z.string().optional(),
  description: z.string().nullish(),
  category: z.enum(["terraform", "env"]).optional(),
  hcl: z.boolean().optional(),
  sensitive: z.boolean().optional(),
};
const creation = form(
  "vars",
  z.strictObject({ ...settings, key, category: z.enum(["terraform", "env"]) }),
  noRelationships,
);
const change = form("vars", z.strictObject({ ...settings, key: key.optional() }), noRelationships);

/** Variables of a workspace's runs; a sensitive value is never shown again. */
export function variableRoutes(account: Account): Routes {
  const path = "/api/v2/workspaces/{workspace}/vars";
  const workspaceOf = ({ caller, parameters }: Call): Workspace =>
    manageable(account, caller, parameters["workspace"] ?? "");
  const variableOf = (call: Call): Variable =>
    required(workspaceOf(call).variables.get(call.parameters["variable"] ?? ""));
  const list: Route = {
    query: paging,
    answer: (call) => {
      const workspace = workspaceOf(call);
      const found = [...workspace.variables.values()];
      return page(
        call,
        found.map((variable) => show(workspace, variable)),
      );
    },
  };
  return {
    [`GET ${path}`]: list,
    // With those of variable sets, of which there are none.
    "GET /api/v2/workspaces/{workspace}/all-vars": list,
    [`POST ${path}`]: {
      answer: (call) => {
        const workspace = workspaceOf(call);
        const { attributes } = read(creation, call.json).data;
        const variable: Variable = {
          id: newId("var"),
          key: attributes.key,
          value: attributes.value ?? "",
          description: attributes.description ?? "",
          category: attributes.category,
          hcl: attributes.hcl ?? false,
          sensitive: attributes.sensitive ?? false,
        };
        mustBeFree(workspace, variable);
        workspace.variables.set(variable.id, variable);
        return one(show(workspace, variable), 201);
      },
    },
    [`GET ${path}/{variable}`]: { answer: (call) => one(show(workspaceOf(call), variableOf(call))) },
    [`PATCH ${path}/{variable}`]: {
      answer: (call) => {
        const [workspace, variable] = [workspaceOf(call), variableOf(call)];
        const { attributes } = read(change, call.json).data;
        if (variable.sensitive && attributes.sensitive === false) {
          throw invalid("Sensitive can't be changed once it is set: delete the variable and create it again");
        }
        if (variable.sensitive && attributes.key !== undefined && attributes.key !== variable.key) {
          throw invalid("Key of a sensitive variable can't be changed");
        }
        const { description, ...others } = attributes;
        const changed = { ...variable, ...others, description: description ?? variable.description };
        mustBeFree(workspace, changed);
        Object.assign(variable, changed);
        return one(show(workspace, variable));
      },
    },
    [`DELETE ${path}/{variable}`]: {
      answer: (call) => {
        workspaceOf(call).variables.delete(variableOf(call).id);
        return nothing;
      },
    },
  };
}

function mustBeFree({ variables }: Workspace, { id, key, category }: Variable): void {
  if ([...variables.values()].some((one) => one.id !== id && one.key === key && one.category === category)) {
    throw invalid(`Key has already been taken: ${key}`);
  }
}

function show(workspace: Workspace, { id, value, ...variable }: Variable): Resource {
  return {
    id,
    type: "vars",
    attributes: { ...variable, value: variable.sensitive ? null : value },
    relationships: { workspace: toOne("workspaces", workspace.id) },
  };
}
