import { writeFileSync } from "node:fs";
import { defaultSettings } from "./aws/settings";

/** Variables of a shell or a process that works against the local cloud. */
export type Environment = Readonly<Record<string, string>>;

/**
 * Variables that a user's own shell may have set, and that must not reach a command that works against the local cloud.
 */
const foreign = [
  "AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CA_BUNDLE AWS_ENDPOINT_URL_ECS",
  "AWS_ENDPOINT_URL_SSM AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_IAM DIGITALOCEAN_ACCESS_TOKEN",
  "HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy",
];

/** Quotes a text as a word of a shell command. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A shell script that points a shell at the local cloud: for `. .local-cloud/env`. */
export function shellScript(environment: Environment): string {
  return [
    `unset ${foreign.join(" ")}`,
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuoted(value)}`),
    "",
  ].join("\n");
}

/**
 * Writes {@link shellScript} to a file that only its owner can read, since it holds credentials. Manual calls to AWS in
 * that shell go to the machines' region; the project's own commands name theirs.
 */
export function writeShellScript(file: string, environment: Environment): void {
  const { region } = defaultSettings;
  const script = shellScript({ AWS_REGION: region, AWS_DEFAULT_REGION: region, ...environment });
  writeFileSync(file, script, { mode: 0o600 });
}

/**
 * The whole environment of a process that works against the local cloud: built, not inherited, so that no
 * profile, proxy or token of the user leaks in.
 */
export function processEnvironment(environment: Environment): NodeJS.ProcessEnv {
  const kept = ["HOME", "LANG", "TERM", "TMPDIR", "FORCE_COLOR", "NO_COLOR"];
  return {
    ...Object.fromEntries(
      kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
    ...environment,
  };
}
