import { Command, InvalidArgumentError, Option } from "commander";
import { createLocalCloud, type CloudOptions, type Running } from "./clouds";

/** For people; with a parent it does the talking. */
const farewell =
  "\nThe embedded clouds are stopping, and everything still deployed in them goes with them. Remove its states, such as those in state/, which still describe it.";

async function main(options: CloudOptions): Promise<void> {
  let running: Running | undefined;
  let ending: Promise<void> | undefined;
  const end = (): void => {
    if (ending === undefined && running !== undefined && process.send === undefined) {
      console.log(farewell);
    }
    ending ??= (running?.close() ?? Promise.resolve()).finally(() => process.exit());
  };
  // When its parent ends, in whatever way, so does this process.
  process.once("disconnect", end);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, end);
  }
  try {
    running = await createLocalCloud(options);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    process.exitCode = 1;
    if (process.send === undefined) {
      console.error(failure);
    } else {
      process.send({ failure });
      process.disconnect();
    }
    return;
  }
  if (process.send === undefined) {
    console.log(running.description);
  } else {
    // The parent does the talking.
    process.send({ ...running.ready });
  }
}

new Command("local-cloud")
  .description("Runs the embedded clouds until Ctrl-C.")
  .option("--directory <folder>", "folder for everything that it writes", ".local-cloud")
  .option("--image <reference=folder>", "an image for containers", collect, [])
  .addOption(new Option("--providers <setting>").choices(["auto", "real", "stand-in"]).default("auto"))
  .addOption(new Option("--sandbox <setting>").choices(["auto", "namespaces", "process"]).default("auto"))
  .addOption(
    new Option("--aws-schema <part>", "resource types of the AWS provider that Terraform knows of")
      .choices(["held", "whole"])
      .default("held"),
  )
  .option("--page-size <items>", "items on a page of AWS's lists at most (default: 100)", positive)
  .option("--provider-second <ms>", "milliseconds that stand-in providers wait for each second", positive)
  .action((options: CloudOptions) => main(options))
  .parse();

function positive(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) {
    throw new InvalidArgumentError("It must be a whole number from 1.");
  }
  return Number(value);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
