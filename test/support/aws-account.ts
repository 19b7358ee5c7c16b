/** A machine that Systems Manager knows. */
export interface ManagedInstance {
  readonly id: string;
  readonly activationId: string;
  readonly tags: Readonly<Record<string, string>>;
  ping: "Online" | "ConnectionLost";
}

/** A machine that ECS knows. */
export interface ContainerInstance {
  readonly arn: string;
  readonly managedInstance: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** In UTC, with seconds. @default 2026-01-01T00:00:00Z */
  readonly registeredAt?: string;
  status: "ACTIVE" | "DRAINING" | "INACTIVE" | "REGISTERING";
  connected: boolean;
  tasks: string[];
}

/** A hybrid activation as DescribeActivations shows it. */
export interface Activation {
  readonly id: string;
  readonly expired: boolean;
  readonly registrations: number;
}

/** One call as the API sees it: the operation's name in the API, and its input. */
export interface Call {
  readonly operation: string;
  readonly input: Input;
}

export type Input = Readonly<Record<string, unknown>>;

/** What AWS holds, as far as the scripts ask, with a journal of the calls. Tests edit it as they like. */
export interface AwsAccount {
  id: string;
  clusterExists: boolean;
  managed: ManagedInstance[];
  containers: ContainerInstance[];
  activations: Activation[];
  repositoryExists: boolean;
  /** Tags of the images that the repository has by now. */
  images: () => readonly string[];
  /** Names of CloudWatch Logs' groups. */
  logGroups: string[];
  /** What Docker logs in with. */
  readonly password: string;
  readonly calls: Call[];
  /** Runs before a call is answered, with the number of the call from 1; what it throws is the answer. */
  before: (call: Call, number: number) => void;
}

/** An error answer of AWS. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function emptyAccount(): AwsAccount {
  return {
    id: "111122223333",
    clusterExists: true,
    managed: [],
    containers: [],
    activations: [],
    repositoryExists: true,
    images: () => [],
    logGroups: [],
    password: "eyJwYXlsb2FkIjoi+the/password==",
    calls: [],
    before: () => undefined,
  };
}

/** Answers a call as AWS does: journals it, does it, returns its output as the API's JSON. */
export function callAws(account: AwsAccount, call: Call): Input {
  account.calls.push(call);
  account.before(call, account.calls.length);
  const operation = operations[call.operation];
  if (operation === undefined) {
    throw new Error(`${call.operation} is not modelled`);
  }
  return operation(account, call.input);
}

const operations: Readonly<Record<string, (account: AwsAccount, input: Input) => Input>> = {
  GetCallerIdentity: ({ id }) => ({ Account: id }),
  DescribeInstanceInformation: ({ managed }, { Filters }) => {
    const [{ Key, Values }] = Filters as [{ Key: string; Values: string[] }];
    const valueOf = ({ id, activationId, tags }: ManagedInstance) =>
      ({ InstanceIds: id, ActivationIds: activationId })[Key] ?? tags[Key.replace(/^tag:/, "")];
    return {
      InstanceInformationList: managed
        .filter((instance) => Values.includes(valueOf(instance) ?? ""))
        .map(({ id, ping, activationId }) => ({
          InstanceId: id,
          PingStatus: ping,
          ActivationId: activationId,
        })),
    };
  },
  DescribeActivations: ({ activations }, { Filters }) => {
    const [{ FilterValues }] = Filters as [{ FilterValues: string[] }];
    return {
      ActivationList: activations
        .filter(({ id }) => FilterValues.includes(id))
        .map(({ id, expired, registrations }) => ({
          ActivationId: id,
          Expired: expired,
          RegistrationsCount: registrations,
        })),
    };
  },
  DeregisterManagedInstance: (account, { InstanceId }) => {
    const { length } = account.managed;
    account.managed = account.managed.filter(({ id }) => id !== InstanceId);
    if (account.managed.length === length) {
      throw new ApiError("InvalidInstanceId", "");
    }
    return {};
  },
  ListContainerInstances: (account, input) => {
    const clauses = String(input["filter"]).split(" and ");
    const since = clauses.find((clause) => clause.startsWith("registeredAt >= "))?.slice(16) ?? "";
    const wanted = clauses
      .filter((clause) => !clause.startsWith("registeredAt"))
      .map((clause) => /^attribute:(\S+) == (\S+)$/.exec(clause) ?? [])
      .map(([, name = "", value]) => [name, value] as const);
    return {
      containerInstanceArns: containersOf(account)
        .filter(({ attributes }) => wanted.every(([name, value]) => attributes[name] === value))
        .filter(({ registeredAt = "2026-01-01T00:00:00Z" }) => registeredAt >= since)
        .map(({ arn }) => arn),
    };
  },
  DescribeContainerInstances: describeContainers,
  UpdateContainerInstancesState: (account, input) => {
    const [arn] = input["containerInstances"] as string[];
    const instance = containersOf(account).find((candidate) => candidate.arn === arn);
    if (instance !== undefined) {
      instance.status = "DRAINING";
    }
    return describeContainers(account, input);
  },
  DeregisterContainerInstance: (account, input) => {
    const instance = containersOf(account).find(({ arn }) => arn === input["containerInstance"]);
    if (instance === undefined) {
      throw new ApiError("InvalidParameterException", "Referenced container instance was not found.");
    }
    if (input["force"] !== true && instance.tasks.length > 0) {
      throw new ApiError("InvalidParameterException", "Found running tasks on the instance.");
    }
    instance.status = "INACTIVE";
    return { containerInstance: { status: "INACTIVE" } };
  },
  ListTasks: (account, input) => ({
    taskArns: containersOf(account).find(({ arn }) => arn === input["containerInstance"])?.tasks ?? [],
  }),
  DescribeImages: ({ repositoryExists, images }, { imageIds }) => {
    const [{ imageTag }] = imageIds as [{ imageTag: string }];
    if (!repositoryExists) {
      throw new ApiError("RepositoryNotFoundException", "The repository does not exist in the registry.");
    }
    if (!images().includes(imageTag)) {
      throw new ApiError("ImageNotFoundException", "The image does not exist within the repository.");
    }
    return { imageDetails: [{ imageDigest: `sha256:${imageTag}`, imageTags: [imageTag] }] };
  },
  GetAuthorizationToken: ({ password }) => ({
    authorizationData: [{ authorizationToken: Buffer.from(`AWS:${password}`).toString("base64") }],
  }),
  DescribeLogGroups: ({ logGroups }, { logGroupNamePrefix }) => ({
    logGroups: logGroups
      .filter((name) => name.startsWith(String(logGroupNamePrefix)))
      .map((logGroupName) => ({ logGroupName })),
  }),
  DeleteLogGroup: (account, { logGroupName }) => {
    if (!account.logGroups.includes(String(logGroupName))) {
      throw new ApiError("ResourceNotFoundException", "The specified log group does not exist.");
    }
    account.logGroups = account.logGroups.filter((name) => name !== logGroupName);
    return {};
  },
  StopTask: (account, { task }) => {
    const instance = containersOf(account).find(({ tasks }) => tasks.includes(String(task)));
    if (instance === undefined) {
      throw new ApiError("InvalidParameterException", "The referenced task was not found.");
    }
    if (instance.connected) {
      instance.tasks = instance.tasks.filter((candidate) => candidate !== task);
    }
    return { task: { desiredStatus: "STOPPED" } };
  },
};

/** What a cluster lists and lets act on: an instance that is INACTIVE has gone. */
function containersOf({ clusterExists, containers }: AwsAccount): ContainerInstance[] {
  if (!clusterExists) {
    throw new ApiError("ClusterNotFoundException", "Cluster not found.");
  }
  return containers.filter(({ status }) => status !== "INACTIVE");
}

function describeContainers(account: AwsAccount, input: Input): Input {
  const arns = input["containerInstances"] as string[];
  return {
    containerInstances: containersOf(account)
      .filter(({ arn }) => arns.includes(arn))
      .map(({ arn, managedInstance, attributes, status, connected, tasks }) => ({
        containerInstanceArn: arn,
        ec2InstanceId: managedInstance,
        status,
        agentConnected: connected,
        runningTasksCount: tasks.length,
        pendingTasksCount: 0,
        attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
      })),
    failures: [],
  };
}
