import { openApi } from "../../../cli/checks/terraform-cloud/api";
import { arrangeWorkspaces, type Arrangement } from "../../../cli/state/workspaces";
import { forkTrusting } from "../checks/trusting-process";

/** The parts of an arrangement, except for the API. */
type Sent = Omit<Arrangement, "api"> & { readonly token: string };

/** How it ended: what was told of changes, what was returned, and the problem where there was one. */
export interface Arranged {
  readonly told: readonly string[];
  readonly changes?: readonly string[];
  readonly problem?: string;
}

/** Arranges workspaces in a process of its own: Node.js learns no later than at its start which authorities to trust. */
export function startArrangingProcess(root: string) {
  const { ask, end } = forkTrusting<Arranged>(__filename, root);
  return { arrange: (sent: Sent) => ask(sent), end };
}

async function arrange({ token, ...sent }: Sent): Promise<Arranged> {
  const told: string[] = [];
  try {
    const api = await openApi(sent.cloud.hostname, token, AbortSignal.timeout(8000));
    const changes = await arrangeWorkspaces({ ...sent, api }, (line) => told.push(line));
    return { told, changes };
  } catch (error) {
    return { told, problem: (error as Error).message };
  }
}

if (require.main === module) {
  process.on("message", (sent: Sent) => {
    void arrange(sent).then((arranged) => process.send?.(arranged));
  });
}
