import type { Container } from "../../../config/services/container";
import { taskTimes, type ContainerCheck, type TaskTimes } from "../../../config/services/health";
import type { HandoverVariables } from "../../../config/services/handover";
import type { Service } from "../../../config/services/service";
import { linuxParameters, logTo } from "./container-parts";
import { proxyContainer } from "./proxy-container";

/** A container's inputs besides its settings. */
export interface ContainerProps {
  readonly image: string;
  /** Image of the proxy, for services that have one. */
  readonly proxyImage: string;
  /** The settings' own, with the URLs of internal services filled in. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly awsRegion: string;
}

/** Inputs of the containers in a service's tasks. */
export interface ServiceContainerProps extends ContainerProps {
  /** Whether the service has a load balancer at their site. */
  readonly behindLoadBalancer: boolean;
}

/** A volume of a task definition: a folder of the node. */
export interface HostVolume {
  readonly name: string;
  readonly hostPath: string;
}

// Rarely needed by images, and useful to attackers: raw packets, devices, and the kernel's audit log.
const standard = ["AUDIT_WRITE", "MKNOD", "NET_RAW"];

/** The containers of a service's tasks. Source: Amazon ECS API Reference, ContainerDefinition. */
export function serviceContainers(service: Service, props: ServiceContainerProps): readonly object[] {
  const { http, exec, healthCommand } = service;
  const times = taskTimes(service);
  const usesProxy = http?.handover === "proxy";
  const command = healthCommand ?? (http?.handover === "app" ? ["healthcheck"] : undefined);
  const app = {
    ...serviceContainer(service, times, props),
    ...(command !== undefined &&
      times.appCheck !== undefined && { healthCheck: checkBy(command, times.appCheck) }),
    portMappings:
      http === undefined || usesProxy
        ? []
        : [{ containerPort: http.containerPort ?? http.port, hostPort: http.port, protocol: "tcp" }],
  };
  return usesProxy ? [app, proxyContainer({ http, times, exec, ...props })] : [app];
}

/**
 * The container of a task that is run by hand, next to the service's tasks: without the node's port, which each of them
 * holds, and without their health check.
 */
export function oneOffContainers(service: Service, props: ContainerProps): readonly object[] {
  return [{ ...serviceContainer(service, taskTimes(service), props), portMappings: [] }];
}

/** The container of a job's tasks. */
export function jobContainers(container: Container, props: ContainerProps): readonly object[] {
  return [appContainer(container, props, false)];
}

/** The folders of the node that containers mount. */
export function volumesOf({ volumes }: Pick<Container, "volumes">): HostVolume[] {
  return volumes.map(({ hostPath }, index) => ({ name: `volume-${index + 1}`, hostPath }));
}

function serviceContainer(service: Service, times: TaskTimes, props: ContainerProps) {
  const environment = environmentOf(service, times, props.environment);
  return {
    ...appContainer(service, { ...props, environment }, service.exec),
    stopTimeout: times.stopTimeout.app,
  };
}

function appContainer(
  container: Container,
  { image, environment, logGroup, awsRegion }: ContainerProps,
  exec: boolean,
) {
  const { registryCredentials, command, entryPoint, user, cpuUnits, memoryMiB, secrets, volumes, tmpfs } =
    container;
  const isStrict = container.security === "strict";
  return {
    name: "app",
    image,
    essential: true,
    cpu: cpuUnits,
    memory: memoryMiB,
    ...(registryCredentials !== undefined && {
      repositoryCredentials: { credentialsParameter: registryCredentials },
    }),
    ...(command !== undefined && { command }),
    ...(entryPoint !== undefined && { entryPoint }),
    ...(user !== undefined && { user }),
    environment: sorted(environment).map(([name, value]) => ({ name, value })),
    secrets: sorted(secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
    mountPoints: volumes.map(({ containerPath, readOnly }, index) => ({
      sourceVolume: `volume-${index + 1}`,
      containerPath,
      readOnly,
    })),
    // ECS Exec writes its agent into the container.
    readonlyRootFilesystem: isStrict && !exec,
    linuxParameters: linuxParameters(isStrict ? ["ALL"] : standard, tmpfs),
    dockerSecurityOptions: ["no-new-privileges"],
    logConfiguration: logTo(logGroup, awsRegion, "app"),
  };
}

function environmentOf(
  { http }: Service,
  { health }: TaskTimes,
  environment: ContainerProps["environment"],
): Readonly<Record<string, string>> {
  if (http?.handover !== "app" || health === undefined) {
    return environment;
  }
  const own: HandoverVariables = {
    PORT: String(http.containerPort ?? http.port),
    HEALTH_PATH: http.health.path,
    LAME_DUCK_SECONDS: String(health.lameDuck),
    READY_AFTER_SECONDS: String(health.readyAfter),
  };
  return { ...environment, ...own };
}

function checkBy(command: readonly string[], check: ContainerCheck) {
  // ECS ignores the image's own HEALTHCHECK.
  return { command: ["CMD", ...command], ...check };
}

/** By name, so that the order in the config changes no revision. */
function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
