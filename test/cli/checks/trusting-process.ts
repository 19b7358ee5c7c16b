import { fork } from "node:child_process";
import { once } from "node:events";
import { workspaceProblems } from "../../../cli/checks/workspaces";
import type { Undertaking } from "../../../cli/checks/check";

/** A process of its own that checks workspaces: Node.js learns no later than at its start which authorities to trust. */
export interface TrustingProcess {
  check(undertaking: Undertaking): Promise<readonly string[]>;
  end(): void;
}

/** Runs a file in a process that trusts the authority in `root`, and answers one message by one. */
export function forkTrusting<Answer>(file: string, root: string) {
  const child = fork(file, {
    execArgv: ["--require", "tsx/cjs"],
    env: { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: root },
  });
  return {
    ask: async (sent: object): Promise<Answer> => {
      const answer = once(child, "message");
      child.send(sent);
      const [answered] = (await answer) as [Answer];
      return answered;
    },
    end: () => {
      child.kill();
    },
  };
}

/** Starts one that trusts the authority in this file. */
export function startTrustingProcess(root: string): TrustingProcess {
  const { ask, end } = forkTrusting<readonly string[]>(__filename, root);
  return {
    check: ({ command, environment, selected, variables }) =>
      ask({ command, environment, selected, variables }),
    end,
  };
}

if (require.main === module) {
  process.on("message", (sent: Omit<Undertaking, "deadline" | "notice">) => {
    const undertaking = { ...sent, deadline: AbortSignal.timeout(8000), notice: console.error };
    void workspaceProblems(undertaking).then((problems) => process.send?.(problems));
  });
}
