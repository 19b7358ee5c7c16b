import type { HealthTimes } from "../../config/health";
import type { Names } from "../../config/names";
import type { Application } from "../../config/schema";

/** Props of {@link containerDefinition}. */
export interface ContainerDefinitionProps {
  readonly names: Names;
  readonly awsRegion: string;
  readonly image: string;
  readonly application: Application;
  readonly times: HealthTimes;
}

/** The one container of a task, as RegisterTaskDefinition takes it. Source: Amazon ECS API Reference, ContainerDefinition. */
export function containerDefinition({
  names,
  awsRegion,
  image,
  application,
  times,
}: ContainerDefinitionProps) {
  const { port, cpuUnits, memoryMiB, health, environment, secrets, exec } = application;
  const variables = {
    ...environment,
    PORT: String(port),
    HEALTH_PATH: health.path,
    LAME_DUCK_SECONDS: String(times.lameDuck),
    READY_AFTER_SECONDS: String(times.readyAfter),
  };
  return {
    name: "app",
    image,
    essential: true,
    cpu: cpuUnits,
    memory: memoryMiB,
    portMappings: [{ containerPort: port, hostPort: port, protocol: "tcp" }],
    environment: sorted(variables).map(([name, value]) => ({ name, value })),
    secrets: sorted(secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
    // ECS ignores the image's own HEALTHCHECK.
    healthCheck: { command: ["CMD", "healthcheck"], ...times.container },
    stopTimeout: times.stopTimeout,
    // ECS Exec writes its agent into the container.
    readonlyRootFilesystem: !exec,
    // With both lists, as ECS gives them back: without one, every plan would replace the revision.
    linuxParameters: { initProcessEnabled: true, capabilities: { add: [], drop: ["ALL"] } },
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": names.containerLogs,
        "awslogs-region": awsRegion,
        "awslogs-stream-prefix": "app",
      },
    },
  };
}

/** By name, so that the order in the config changes no revision. */
function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
