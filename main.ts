import { App } from "cdktf";
import { ConfigError, loadEnvironment } from "./config/load";
import { buildStacks } from "./stacks/build";

function main(): void {
  const { name, file, config } = loadEnvironment(process.env);
  console.error(`environment: ${name} (${file})`);
  const app = new App({ skipBackendValidation: true });
  buildStacks(app, config);
  app.synth();
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
