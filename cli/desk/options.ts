import { InvalidArgumentError, type AddHelpTextContext, type Command } from "commander";
import { isHost } from "../servers/host";

/** Runs a command and ends the process with its exit code. */
export type Finish = (command: Promise<number>) => Promise<void>;

export interface JsonOptions {
  /** Whether the output is for programs. */
  readonly json?: boolean;
}

/** The option of every command with output for programs. */
export const json = ["--json", "print JSON, as described by the schemas in docs/schemas"] as const;

/** Source: Amazon ECS API Reference, request throttling: one look every five seconds stays far below its limits. */
export function interval(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 5 || seconds > 3600) {
    throw new InvalidArgumentError("It must be a number of seconds from 5 to 3600.");
  }
  return seconds;
}

/** A time on the command line, in minutes. */
export function period(text: string): number {
  const [, number = "", unit = "m"] = /^([1-9]\d{0,3})(m|h)$/.exec(text) ?? [];
  if (number === "") {
    throw new InvalidArgumentError("It must be a time such as 15m or 2h.");
  }
  return Number(number) * (unit === "h" ? 60 : 1);
}

/** A host on the command line, as an argument for `ssh`. */
export function host(text: string): string {
  if (!isHost(text)) {
    throw new InvalidArgumentError("It must be a host such as root@192.0.2.1.");
  }
  return text;
}

/** Refuses an option that has no effect without another one, each as on the command line. */
export function onlyWith(option: string, other: string): (command: Command) => void {
  return (command) => {
    const isGiven = (flag: string) => {
      const known = command.options.find(({ long }) => long === flag);
      return known !== undefined && command.getOptionValue(known.attributeName()) !== undefined;
    };
    if (isGiven(option) && !isGiven(other)) {
      command.error(`error: option '${option}' only applies with '${other}'`);
    }
  };
}

/** The closing text of a command's help, no wider than the rest of it. */
export function example(line: string, more: string): (context: AddHelpTextContext) => string {
  return ({ error, command }) => {
    const output = command.configureOutput();
    const width = (error ? output.getErrHelpWidth?.() : output.getOutHelpWidth?.()) ?? 80;
    return `\nExample:\n  npx ${line}\n\n${command.createHelp().boxWrap(more, width)}`;
  };
}
