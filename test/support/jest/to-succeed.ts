import { expect } from "@jest/globals";
import type { Ended } from "../../../demo/command";

declare module "expect" {
  interface Matchers<R> {
    /** That a command has ended with exit code 0. Where it hasn't, the end of its output is the test's message. */
    toSucceed(): R;
  }
}

/** Of each stream, in lines. */
const shownLines = 40;

expect.extend({
  toSucceed(received: unknown) {
    const { exitCode, stdout, stderr } = received as Partial<Ended>;
    const tail = (text = "") => text.trimEnd().split("\n").slice(-shownLines).join("\n");
    return {
      pass: exitCode === 0,
      message: () => `The command has ended with exit code ${exitCode}:\n${tail(stdout)}\n${tail(stderr)}`,
    };
  },
});
