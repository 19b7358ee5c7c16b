import { App } from "cdktf";
import { writeOutput } from "./checkout/output-folder";
import { ConfigError, loadEnvironment } from "./config/load";
import { buildStacks } from "./stacks/build";

function main(): void {
  const environment = loadEnvironment(process.env);
  console.error(`environment: ${environment.name} (${environment.file})`);
  writeOutput(process.env, environment, (outdir) => {
    const app = new App({ outdir, skipBackendValidation: true });
    buildStacks(app, environment.config);
    app.synth();
  });
}

try {
  main();
} catch (error) {
  if (!(error instanceof ConfigError)) {
    throw error;
  }
  console.error(error.message);
  process.exitCode = 1;
}
