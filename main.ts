import { App } from "cdktf";
import { writeOutput } from "./checkout/output-folder";
import { CheckoutProblem } from "./checkout/problem";
import { ConfigError, loadEnvironment } from "./config/load";
import { buildStacks } from "./stacks/build";

async function main(): Promise<void> {
  const environment = loadEnvironment(process.env);
  console.error(`environment: ${environment.name} (${environment.file})`);
  await writeOutput(process.env, environment, (outdir) => {
    const app = new App({ outdir, skipBackendValidation: true });
    const { config, rollbacks } = environment;
    buildStacks(app, config, { rollbacks });
    app.synth();
  });
}

main().catch((error: unknown) => {
  if (!(error instanceof ConfigError || error instanceof CheckoutProblem)) {
    throw error;
  }
  console.error(error.message);
  process.exitCode = 1;
});
