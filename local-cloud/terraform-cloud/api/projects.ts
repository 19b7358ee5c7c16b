import { z } from "zod";
import { executionModes, newId, required, type Account, type Project } from "../state/account";
import { mayManage } from "../state/permission";
import { invalid } from "./api-error";
import { form, noRelationships, one, page, paging, read, toOne, type Resource } from "./document";
import type { Routes } from "./route";

// Source: HCP Terraform API, "Projects".
const name = z
  .string()
  .regex(
    /^(?=.{3,40}$)[A-Za-z0-9_-]+( +[A-Za-z0-9_-]+)*$/,
    "must be 3 to 40 letters, digits, _, - and spaces inside",
  );
const settings = {
  description: z.string().optional(),
  "default-execution-mode": z.enum(executionModes).exclude(["agent"]).nullish(),
};
const creation = form("projects", z.strictObject({ name, ...settings }), noRelationships);
const change = form("projects", z.strictObject({ name: name.optional(), ...settings }), noRelationships);

/** Projects, which group workspaces. */
export function projectRoutes(account: Account): Routes {
  const { organisation, projects } = account;
  const path = `/api/v2/organizations/${organisation}/projects`;
  const free = (wanted: string): string => {
    if ([...projects.values()].some((project) => project.name === wanted)) {
      throw invalid(`Name has already been taken: ${wanted}`);
    }
    return wanted;
  };
  const show = (project: Project): Resource => ({
    id: project.id,
    type: "projects",
    attributes: {
      name: project.name,
      description: project.description,
      "default-execution-mode": project.executionMode ?? account.executionMode,
      "setting-overwrites": { "default-execution-mode": project.executionMode !== undefined },
    },
    relationships: { organization: toOne("organizations", organisation) },
  });
  return {
    [`GET ${path}`]: {
      query: ["filter[names]", "q", ...paging],
      answer: (call) => {
        const wanted = call.query.get("filter[names]")?.split(",");
        const part = call.query.get("q") ?? "";
        const found = [...projects.values()].filter(
          (project) => (wanted === undefined || wanted.includes(project.name)) && project.name.includes(part),
        );
        return page(call, found.map(show));
      },
    },
    [`POST ${path}`]: {
      answer: ({ caller, json }) => {
        mayManage(caller);
        const { attributes } = read(creation, json).data;
        const project: Project = {
          id: newId("prj"),
          name: free(attributes.name),
          description: attributes.description ?? "",
          executionMode: attributes["default-execution-mode"] ?? undefined,
        };
        projects.set(project.id, project);
        return one(show(project), 201);
      },
    },
    "GET /api/v2/projects/{project}": {
      answer: ({ parameters }) => one(show(required(projects.get(parameters["project"] ?? "")))),
    },
    "PATCH /api/v2/projects/{project}": {
      answer: ({ caller, parameters, json }) => {
        mayManage(caller);
        const project = required(projects.get(parameters["project"] ?? ""));
        const { attributes } = read(change, json).data;
        project.name =
          attributes.name === undefined || attributes.name === project.name
            ? project.name
            : free(attributes.name);
        project.description = attributes.description ?? project.description;
        if (attributes["default-execution-mode"] !== undefined) {
          project.executionMode = attributes["default-execution-mode"] ?? undefined;
        }
        return one(show(project));
      },
    },
  };
}
