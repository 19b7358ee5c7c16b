import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Systems Manager and ECS as far as the command line interface asks them about nodes. */
export interface StandInNodes {
  readonly url: string;
  /** Activations, by id, that can't be used any more. */
  readonly spent: Map<string, "used" | "expired" | "gone">;
  /** Ids of the activations with which a machine is registered. */
  readonly registered: Set<string>;
  /** The container instances of a deployment; undefined when ECS refuses to tell. */
  instances: readonly StandInInstance[] | undefined;
  /** URI of the image that every service runs; undefined when there is no service. */
  image: string | undefined;
  /** The roll-outs that ECS remembers of every service, the oldest first; undefined when it refuses to tell. */
  rollOuts: readonly StandInRollOut[] | undefined;
  close(): Promise<void>;
}

/** A container instance. */
export interface StandInInstance {
  readonly node: string;
  readonly status: string;
  readonly connected: boolean;
  readonly tasks: number;
}

/** A roll-out of an image. */
export interface StandInRollOut {
  readonly image: string;
  readonly status: string;
}

interface Question {
  readonly serviceRevisionArns?: readonly string[];
  readonly taskDefinition?: string;
  readonly Filters?: readonly {
    readonly FilterValues?: readonly string[];
    readonly Values?: readonly string[];
  }[];
}

/** Every activation that is asked for is there and unused, unless a test says something else. */
export async function serveNodes(): Promise<StandInNodes> {
  const spent: StandInNodes["spent"] = new Map();
  const registered = new Set<string>();
  const answers: Readonly<Record<string, (question: Question) => object>> = {
    DescribeActivations: ({ Filters = [] }) => ({
      ActivationList: (Filters[0]?.FilterValues ?? [])
        .filter((id) => spent.get(id) !== "gone")
        .map((id) => ({
          ActivationId: id,
          RegistrationLimit: 1,
          RegistrationsCount: spent.get(id) === "used" ? 1 : 0,
          Expired: spent.get(id) === "expired",
        })),
    }),
    DescribeInstanceInformation: ({ Filters = [] }) => ({
      InstanceInformationList: (Filters[0]?.Values ?? [])
        .filter((id) => registered.has(id))
        .map((id) => ({ InstanceId: "mi-0123", ActivationId: id })),
    }),
    ListContainerInstances: () => ({
      containerInstanceArns: (stand.instances ?? []).map((_, index) => `arn:${index}`),
    }),
    DescribeContainerInstances: () => ({
      containerInstances: (stand.instances ?? []).map(({ node, status, connected, tasks }) => ({
        attributes: [{ name: "anywhere.node", value: node }],
        status,
        agentConnected: connected,
        runningTasksCount: tasks,
      })),
    }),
    DescribeServices: () => ({
      services: stand.image === undefined ? [] : [{ status: "ACTIVE", taskDefinition: stand.image }],
    }),
    ListServiceDeployments: () => ({
      serviceDeployments: (stand.rollOuts ?? []).map(({ status }, index) => ({
        createdAt: index,
        status,
        targetServiceRevisionArn: `${index}`,
      })),
    }),
    DescribeServiceRevisions: ({ serviceRevisionArns = [] }) => ({
      serviceRevisions: serviceRevisionArns.map((arn) => ({
        serviceRevisionArn: arn,
        taskDefinition: stand.rollOuts?.[Number(arn)]?.image,
      })),
    }),
    DescribeTaskDefinition: ({ taskDefinition }) => ({
      taskDefinition: {
        containerDefinitions: [
          { name: "proxy", image: "haproxy:1" },
          { name: "app", image: taskDefinition },
        ],
      },
    }),
  };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const [, operation = ""] = String(request.headers["x-amz-target"]).split(".");
      const denied =
        (stand.instances === undefined && operation === "ListContainerInstances") ||
        (stand.rollOuts === undefined && operation === "ListServiceDeployments");
      response.writeHead(denied ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
      response.end(
        JSON.stringify(
          denied
            ? { __type: "AccessDeniedException", message: "You may not." }
            : answers[operation]?.(JSON.parse(body) as Question),
        ),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stand: StandInNodes = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spent,
    registered,
    instances: undefined,
    image: undefined,
    rollOuts: [],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return stand;
}
