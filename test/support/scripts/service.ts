import { join } from "node:path";
import type { Settings } from "../../../local-cloud/aws/settings";
import { createStage, serviceInput, type Stage } from "../stages/ecs-stage";
import { startAwsStages, type AwsStage } from "./cloud";
import type { Ended } from "./run";

const account = "123456789012";
/** ECS of the local cloud, for the scripts of services to work with by the real AWS CLI. */
export interface ServiceStage {
  readonly stage: Stage;
  /** Makes the service `app--ams3` of the newest revision of `app`, on the nodes of the site. */
  readonly createService: (over?: object) => void;
  /** Lets the agent of a node, by its number from 0, get lost, or come back. */
  readonly connect: (node: number, connected: boolean) => void;
  /** Lets the awslogs driver of a task's container have written these lines. */
  readonly print: (task: string, lines: readonly string[]) => Promise<void>;
  /** Runs a script of constructs/aws/service to its end, while the stage's time goes by. */
  readonly run: (script: string, settings?: Readonly<Record<string, string>>) => Promise<Ended>;
  readonly close: () => Promise<void>;
}

/** The parts that the stages of a test file share, since they take seconds to start. */
export interface ServiceScripts {
  readonly createStage: (settings?: Partial<Settings>) => Promise<ServiceStage>;
  readonly close: () => Promise<void>;
}

/** Starts what they share. */
export async function startServiceScripts(): Promise<ServiceScripts> {
  const stages = await startAwsStages();
  return {
    createStage: async (options) => {
      const stage = createStage(options);
      return stageOf(stage, await stages.open(stage.world, stage.settings));
    },
    close: () => stages.close(),
  };
}

function stageOf(stage: Stage, aws: AwsStage): ServiceStage {
  return {
    stage,
    createService: (over = {}) => {
      const expression = "attribute:anywhere.site == ams3";
      stage.call("CreateService", {
        ...serviceInput({ serviceName: "app--ams3", schedulingStrategy: "DAEMON", desiredCount: undefined }),
        deploymentConfiguration: {
          minimumHealthyPercent: 50,
          maximumPercent: 100,
          deploymentCircuitBreaker: { enable: true, rollback: true },
        },
        placementConstraints: [{ type: "memberOf", expression }],
        ...over,
      });
    },
    connect: (number, connected) => {
      const node = stage.nodes[number];
      const instance = stage.world.aws.containerInstances.get(node?.containerInstanceArn ?? "");
      if (node === undefined || instance === undefined) {
        throw new Error(`The stage has no node ${number}`);
      }
      node.alive = connected;
      instance.lastPollAt = connected ? stage.now() : 0;
    },
    print: async (task, lines) => {
      const logs = (operation: string, input: object) =>
        aws.moto.json("logs", "eu-west-1", `Logs_20140328.${operation}`, {
          logGroupName: "/ecs/shop",
          ...input,
        });
      const logStreamName = `app/app/${task}`;
      await logs("CreateLogGroup", {}).catch(() => undefined); // It is there.
      await logs("CreateLogStream", { logStreamName });
      const logEvents = lines.map((message, index) => ({
        message,
        timestamp: Date.now() - lines.length + index,
      }));
      await logs("PutLogEvents", { logStreamName, logEvents });
    },
    run: async (script, settings = {}) => {
      const clock = setInterval(() => {
        stage.advance(0.5);
      }, 20);
      try {
        return await aws.run(join("constructs/aws/service", script), {
          NAME: "shop",
          SITE: "ams3",
          SERVICE: "app--ams3",
          TASKS: "2",
          TASK_DEFINITION: `arn:aws:ecs:eu-west-1:${account}:task-definition/app:1`,
          LOG_GROUP: "/ecs/shop",
          CLUSTER: "anywhere",
          AWS_REGION: "eu-west-1",
          ACCOUNT: account,
          DEFAULT_TIMEOUT_SECONDS: "20",
          AWS_LIBRARY: "constructs/script/aws/aws.sh",
          LOST_NODES: "constructs/aws/service/lost-nodes.sh",
          POLL_SECONDS: "0.05",
          RETRY_SECONDS: "0.01",
          RECONNECT_SECONDS: "0",
          LAG_SECONDS: "2",
          ...settings,
        });
      } finally {
        clearInterval(clock);
      }
    },
    close: () => aws.close(),
  };
}

/** Attributes of a node of the stage's site. */
export const nodeOf = (node: string, site = "ams3", deployment = "shop") => ({
  "anywhere.deployment": deployment,
  "anywhere.site": site,
  "anywhere.node": node,
});
