import { fork } from "node:child_process";
import { once } from "node:events";
import { workspaceProblems } from "../../../cli/checks/workspaces";
import type { Undertaking } from "../../../cli/checks/check";

/** A process of its own that checks workspaces: Node.js learns no later than at its start which authorities to trust. */
export interface TrustingProcess {
  check(undertaking: Undertaking): Promise<readonly string[]>;
  end(): void;
}

/** Starts one that trusts the authority in this file. */
export function startTrustingProcess(root: string): TrustingProcess {
  const child = fork(__filename, {
    execArgv: ["--require", "tsx/cjs"],
    env: { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: root },
  });
  return {
    check: async ({ command, environment, selected, variables }) => {
      const answer = once(child, "message");
      child.send({ command, environment, selected, variables });
      const [problems] = (await answer) as [readonly string[]];
      return problems;
    },
    end: () => {
      child.kill();
    },
  };
}

if (require.main === module) {
  process.on("message", (sent: Omit<Undertaking, "deadline" | "notice">) => {
    const undertaking = { ...sent, deadline: AbortSignal.timeout(8000), notice: console.error };
    void workspaceProblems(undertaking).then((problems) => process.send?.(problems));
  });
}
