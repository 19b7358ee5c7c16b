import type { Problem } from "./problem";
import type { Backend, Config } from "./schema";

/** Where Terraform runs: `local` is the caller's machine. */
export function executionOf(backend: Backend): "local" | "remote" | "agent" {
  return backend.kind === "cloud" ? backend.execution : "local";
}

/** Problems with the place where Terraform runs, and with settings that don't work there. */
export function* backendProblems({ backend, aws, images }: Config): Iterable<Problem> {
  if (backend.kind !== "cloud") {
    return;
  }
  const { execution, agentPool, runRoleArn } = backend;
  const at = (name: keyof typeof backend) => ["backend", name];
  if (execution === "agent" && agentPool === undefined) {
    yield {
      path: at("agentPool"),
      message: 'must name the pool whose agents run Terraform, since execution is "agent"',
    };
  }
  if (execution !== "agent" && agentPool !== undefined) {
    yield { path: at("agentPool"), message: 'applies only to execution "agent": remove it' };
  }
  if (execution === "local" && runRoleArn !== undefined) {
    const message = 'applies only to execution "remote" or "agent": remove it';
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
          `can't be built with backend.execution "${execution}", where Terraform has no Docker: push it to a registry ` +
          "yourself, and use its URI as the image of its services and jobs",
      };
    }
  }
}
