import { writeOutput } from "./checkout/output-folder";
import { CheckoutProblem } from "./checkout/problem";
import { ConfigError, inFile, loadEnvironment } from "./config/load";
import { idleWarnings } from "./config/sites/idle";
import { writeStacks } from "./stacks/write";

async function main(): Promise<void> {
  const environment = loadEnvironment(process.env);
  console.error(`environment: ${environment.name} (${environment.file})`);
  for (const warning of idleWarnings(environment)) {
    console.error(warning);
  }
  await writeOutput(process.env, environment, (outdir) => {
    const { file, config, rollbacks } = environment;
    inFile(file, () => {
      writeStacks(outdir, config, { rollbacks });
    });
  });
}

main()
  // Left to itself, Node.js would first collect the garbage of a large deployment.
  .then(() => process.exit())
  .catch((error: unknown) => {
    if (!(error instanceof ConfigError || error instanceof CheckoutProblem)) {
      throw error;
    }
    console.error(error.message);
    process.exitCode = 1;
  });
