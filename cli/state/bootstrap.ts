import { resolve } from "node:path";
import type { LoadedEnvironment } from "../../config/load";
import { announceEnvironment } from "../commands/deployment";
import type { JsonOptions } from "../desk/options";
import { exitCodes } from "../desk/exit-codes";
import type { BootstrapStateReport } from "../report/schemas/bootstrap-state-report";
import type { Outcome, Tell } from "./outcome";
import { bootstrapWorkspaces } from "./cloud";
import { bootstrapBucket } from "./s3-bucket";

/**
 * Creates the storage for Terraform's states of the environment that `ANYWHERE_ENV` names, or adds what it lacks. Needs
 * neither a state nor Terraform.
 *
 * @throws {Refusal} when the storage is somebody else's, or the caller may not create it.
 */
export async function bootstrapState({ json = false }: JsonOptions): Promise<number> {
  const environment = announceEnvironment(process.env);
  const { name, backend } = environment.config;
  const tell: Tell = (change) => {
    (json ? process.stderr : process.stdout).write(`${change}\n`);
  };
  const { place, changes } = await bootstrap(environment, tell);
  if (json) {
    const report: BootstrapStateReport = {
      deployment: name,
      backend: backend.kind,
      place,
      changes: [...changes],
    };
    console.log(JSON.stringify(report, undefined, 2));
  } else {
    console.log(changes.length === 0 ? `${place}: nothing to do.` : `${place}: ready.`);
  }
  return exitCodes.fine;
}

async function bootstrap(environment: LoadedEnvironment, tell: Tell): Promise<Outcome> {
  const { backend } = environment.config;
  switch (backend.kind) {
    case "local":
      // Terraform creates it with the first state.
      return { place: `the folder ${resolve(backend.folder)}`, changes: [] };
    case "s3":
      return bootstrapBucket(environment, backend, tell);
    case "cloud":
      return bootstrapWorkspaces(environment, tell);
  }
}
