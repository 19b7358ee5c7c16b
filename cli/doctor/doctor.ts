import { ConfigError, loadEnvironment, type LoadedEnvironment } from "../../config/load";
import type { DeploymentLock } from "../../checkout/lock";
import { CheckoutProblem } from "../../checkout/problem";
import { idleWarnings } from "../../config/sites/idle";
import { callerIdentity } from "../checks/aws";
import { deadlineOfChecks } from "../checks/preflight";
import { versionOf } from "../checks/program";
import { lockEnvironment } from "../commands/deployment";
import { exitCodes } from "../desk/exit-codes";
import type { JsonOptions } from "../desk/options";
import { Refusal } from "../refusals/refusal";
import type { DoctorReport, Finding } from "../report/schemas/doctor-report";
import { screenOf } from "../report/screen";
import { table } from "../report/table";
import type { Stack } from "../terraform/stacks";
import { synthesise } from "../terraform/synthesis";
import { clockFindings } from "./clock";
import { deployedFindings } from "./deployed";
import { driftFindings } from "./drift";
import { examine } from "./examinations";
import { findings } from "./findings";
import { permissionFindings } from "./permissions";

/** Checks everything that a deployment needs, and reports the remedy for whatever is missing. Changes nothing. */
export async function doctor({ json = false }: JsonOptions): Promise<number> {
  const report = await examineAll(process.env);
  console.log(json ? JSON.stringify(report, undefined, 2) : textOf(report));
  return report.findings.some(({ state }) => state === "fail") ? exitCodes.problems : exitCodes.fine;
}

async function examineAll(variables: NodeJS.ProcessEnv): Promise<DoctorReport> {
  const first = [...findings("Node.js", {}, process.versions.node), ...(await pluginFindings(variables))];
  const environment = load(variables);
  if (environment instanceof ConfigError) {
    const wrong = findings("config", { wrong: environment.problems });
    return { deployment: null, findings: [...first, ...wrong] };
  }
  const rest = await examineEnvironment(environment, variables);
  return { deployment: environment.config.name, findings: [...first, ...rest] };
}

function load(variables: NodeJS.ProcessEnv): LoadedEnvironment | ConfigError {
  try {
    return loadEnvironment(variables);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error;
    }
    throw error;
  }
}

async function examineEnvironment(
  environment: LoadedEnvironment,
  variables: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const { config, file } = environment;
  const synthesis = await synthesised(environment, variables);
  const wrong = "problem" in synthesis ? [synthesis.problem] : [];
  const written = findings("config", { wrong, unchecked: idleWarnings(environment) }, file);
  const deadline = deadlineOfChecks();
  const selected = "problem" in synthesis ? [] : synthesis.stacks;
  const found = await Promise.all([
    examine({ command: "deploy", environment, selected, variables, deadline }),
    callerFindings(environment, deadline),
    deployedFindings(config, variables),
  ]);
  const all = [...written, ...found.flat()];
  // A plan needs everything that a deploy needs.
  const isReady = !("problem" in synthesis) && all.every(({ state }) => state !== "fail");
  return isReady
    ? [...all, ...(await driftFindings({ environment, variables, lock: synthesis.lock }, selected))]
    : all;
}

/** All stacks, or why there are none. */
async function synthesised(
  environment: LoadedEnvironment,
  variables: NodeJS.ProcessEnv,
): Promise<
  { readonly stacks: readonly Stack[]; readonly lock: DeploymentLock } | { readonly problem: string }
> {
  try {
    const lock = await lockEnvironment(environment, { name: "doctor", changes: false });
    return { lock, stacks: await synthesise(environment, lock, variables) };
  } catch (error) {
    if (error instanceof Refusal || error instanceof CheckoutProblem) {
      return { problem: error.message };
    }
    throw error;
  }
}

async function callerFindings(environment: LoadedEnvironment, deadline: AbortSignal): Promise<Finding[]> {
  const { region } = environment.config.aws;
  try {
    const { arn = "", ahead } = await callerIdentity(region, deadline);
    return [
      ...findings("AWS caller", {}, arn),
      ...(await permissionFindings(arn, { environment, deadline })),
      ...(ahead === undefined ? [] : clockFindings(ahead)),
    ];
  } catch {
    // The examination of AWS reports why there is no answer.
    return findings("AWS permissions", { unchecked: ["not checked, since AWS doesn't identify the caller"] });
  }
}

/** Source: AWS Systems Manager User Guide, "Install the Session Manager plugin for the AWS CLI". */
async function pluginFindings(variables: NodeJS.ProcessEnv): Promise<Finding[]> {
  const plugin = { command: "session-manager-plugin", args: ["--version"], pattern: /^(\d+\.\S+)/m };
  const version = await versionOf(plugin, variables);
  const missing =
    'not installed, and needed only for "npx anywhere exec": https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html';
  return findings("Session Manager plugin", { unchecked: version === undefined ? [missing] : [] }, version);
}

function textOf({ findings: all }: DoctorReport): string {
  const { width, good, changing, bad } = screenOf(process.stdout, process.env);
  const paints = { ok: good, warn: changing, fail: bad };
  return table(
    all.map(({ state, about, message }) => [paints[state](state), about, message]),
    width,
  );
}
