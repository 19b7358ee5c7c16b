import type { Problem } from "./problem";
import type { Backend, Config } from "./schema";

/** Where Terraform runs: `local` is the machine of whoever calls it. */
export function executionOf(backend: Backend): "local" | "remote" | "agent" {
  return backend.kind === "cloud" ? backend.execution : "local";
}

/** What is wrong with where Terraform runs, and with what can't be done there. */
export function* backendProblems({ backend, aws, images }: Config): Iterable<Problem> {
  if (backend.kind !== "cloud") {
    return;
  }
  const { execution, agentPool, runRoleArn } = backend;
  const at = (name: keyof typeof backend) => ["backend", name];
  if (execution === "agent" && agentPool === undefined) {
    yield {
      path: at("agentPool"),
      message: 'must name the pool whose agents run Terraform by execution "agent"',
    };
  }
  if (execution !== "agent" && agentPool !== undefined) {
    yield { path: at("agentPool"), message: 'has a meaning by execution "agent" alone: remove it' };
  }
  if (execution === "local" && runRoleArn !== undefined) {
    const message = 'has a meaning by execution "remote" or "agent" alone: remove it';
    yield { path: at("runRoleArn"), message };
  }
  if (runRoleArn !== undefined && runRoleArn.split(":")[4] !== aws.accountId) {
    yield { path: at("runRoleArn"), message: `must be a role of aws.accountId, ${aws.accountId}` };
  }
  if (execution !== "local") {
    for (const name of Object.keys(images)) {
      yield {
        path: ["images", name, "build"],
        message:
          `can't be built by backend.execution "${execution}", where Terraform finds no Docker: push it to a registry ` +
          "elsewhere, and write its URI as the image of its services and jobs",
      };
    }
  }
}
