import { join } from "node:path";
import { namesOf } from "../../config/names";
import type { Deployment } from "../commands/prepared";
import { Refusal } from "../refusals/refusal";
import { show } from "../terraform/child-process";
import type { Stack } from "../terraform/stacks";

const scripts = join(__dirname, "../../constructs");

/**
 * Takes nodes whose agent is lost out of ECS, which otherwise waits for their tasks for ever, at sites whose services ECS
 * is still removing: the interrupted destroy has already run the provisioner that does so.
 *
 * @throws {Refusal} when that fails; the script has said why.
 */
export async function releaseLostAgents(
  { id }: Stack,
  sites: readonly string[],
  { environment: { config }, label }: Deployment,
): Promise<void> {
  const ends = await Promise.all(
    sites.map((site) =>
      show(
        {
          command: "bash",
          args: [join(scripts, "aws/service/lost-agents.sh")],
          variables: {
            ...process.env,
            ...namesOf(config).settings,
            NAME: config.name,
            SITE: site,
            AWS_LIBRARY: join(scripts, "script/aws/aws.sh"),
            LOST_NODES: join(scripts, "aws/service/lost-nodes.sh"),
          },
        },
        (line) => label(id, line),
      ),
    ),
  );
  if (ends.some((exitCode) => exitCode !== 0)) {
    throw new Refusal("ECS may wait for tasks of lost agents for ever: do what the line above says first.");
  }
}
