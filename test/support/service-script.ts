import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadApis } from "../../local-cloud/aws/protocol/api";
import { serveAws } from "../../local-cloud/aws/protocol/gateway";
import { placeAwsCli } from "../../local-cloud/aws-cli/place";
import type { Settings } from "../../local-cloud/aws/settings";
import { listen, type LoopbackServer } from "../../local-cloud/http-server";
import { ensurePython } from "../../local-cloud/python/environment";
import { createStage, serviceInput, type Stage } from "./ecs-stage";
import { startScript, type Ended } from "./node-script";

const account = "123456789012";
/** Seconds after which an agent counts as lost: the stage has a clock of its own, years behind. */
const never = 1e9;

/** ECS of the local cloud, for the scripts of services to work with by the real AWS CLI. */
export interface ServiceStage {
  readonly stage: Stage;
  /** Makes the service `app--ams3` of the newest revision of `app`, on the nodes of the site. */
  readonly createService: (over?: object) => void;
  /** Lets the agent of a node, by its number from 0, get lost, or come back. */
  readonly connect: (node: number, connected: boolean) => void;
  /** Runs a script of constructs/aws to its end, while the stage's time goes by. */
  readonly run: (script: string, settings?: Readonly<Record<string, string>>) => Promise<Ended>;
  readonly close: () => Promise<void>;
}

/** What the stages of a test file share, since it takes seconds to start. */
export interface ServiceScripts {
  readonly createStage: (settings?: Partial<Settings>) => Promise<ServiceStage>;
  readonly close: () => Promise<void>;
}

/** Starts the AWS CLI. */
export async function startServiceScripts(): Promise<ServiceScripts> {
  const python = await ensurePython(join(__dirname, "../../.local-cloud"));
  const folder = mkdtempSync(join(tmpdir(), "service-"));
  const places = { bin: folder, runDirectory: folder, log: join(folder, "aws.log") };
  const closeCli = await placeAwsCli(python, places);
  const apis = await loadApis(python);
  const sts = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/xml" });
    response.end(
      `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
    );
  });
  await listen(sts, { host: "127.0.0.1", port: 0 });
  return {
    createStage: async (options) => {
      const stage = createStage(options);
      const settings = { ...stage.settings, lostAfter: never };
      return stageOf(stage, await serveAws(stage.world, { apis, motoPort: portOf(sts), settings }), folder);
    },
    close: async () => {
      sts.closeAllConnections();
      sts.close();
      await closeCli();
      rmSync(folder, { recursive: true });
    },
  };
}

function stageOf(stage: Stage, gateway: LoopbackServer, bin: string): ServiceStage {
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
    run: async (script, settings = {}) => {
      const clock = setInterval(() => {
        stage.advance(0.5);
      }, 20);
      try {
        return await startScript(join("constructs/aws", script), {
          PATH: `${bin}:${process.env["PATH"] ?? ""}`,
          HOME: bin,
          AWS_ENDPOINT_URL: gateway.url,
          AWS_ACCESS_KEY_ID: "test",
          AWS_SECRET_ACCESS_KEY: "test",
          NO_PROXY: "127.0.0.1",
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
          AWS_LIBRARY: "constructs/script/aws.sh",
          LOST_NODES: "constructs/aws/lost-nodes.sh",
          POLL_SECONDS: "0.05",
          RETRY_SECONDS: "0.01",
          RECONNECT_SECONDS: "0",
          LAG_SECONDS: "2",
          ...settings,
        }).ended;
      } finally {
        clearInterval(clock);
      }
    },
    close: () => gateway.close(),
  };
}

/** Attributes of a node of the stage's site. */
export const nodeOf = (node: string, site = "ams3", deployment = "shop") => ({
  "anywhere.deployment": deployment,
  "anywhere.site": site,
  "anywhere.node": node,
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
