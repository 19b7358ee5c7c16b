import type { Deployment } from "@aws-sdk/client-ecs";
import { namesOf } from "../../../config/names";
import type { Config } from "../../../config/schema";
import { urlOf } from "../../../config/services/load-balancer";
import type { Expected } from "../expected";
import type { FleetService, FleetTask } from "../fleet";
import type { Answers } from "../sources/answers";
import { familyOf, idOf } from "../tasks";
import { timeOf } from "../time";

/** The services of every site, as ECS reports them; none when it couldn't be queried. */
export function assembleServices(
  config: Config,
  { services, entrances }: Expected,
  { ecs, digitalOcean }: Answers,
  tasks: readonly FleetTask[],
): FleetService[] {
  if (ecs === undefined) {
    return [];
  }
  return services.map(({ service, site, name }) => {
    const known = ecs.services.find(
      ({ serviceName, status }) => serviceName === name && status !== "INACTIVE",
    );
    const family = namesOf(config).family(service, site);
    const images = tasks
      .filter(({ revision, stoppedAt }) => familyOf(revision) === family && stoppedAt === null)
      .flatMap(({ image }) => image ?? []);
    const entrance = entrances.find((one) => one.site === site && one.service === service);
    const address = digitalOcean?.loadBalancers.find((one) => one.name === entrance?.name)?.ip ?? "";
    const [event] = known?.events ?? [];
    return {
      service,
      site,
      name,
      status: known?.status ?? "MISSING",
      desired: known?.desiredCount ?? 0,
      running: known?.runningCount ?? 0,
      pending: known?.pendingCount ?? 0,
      deployments: (known?.deployments ?? []).map(deploymentFrom),
      images: [...new Set(images)],
      urls:
        entrance === undefined || address === ""
          ? []
          : entrance.loadBalancer.listeners.map((listener) => urlOf(listener, address)),
      lastEvent: event === undefined ? null : { at: timeOf(event.createdAt), message: event.message ?? "" },
    };
  });
}

function deploymentFrom(deployment: Deployment): FleetService["deployments"][number] {
  return {
    id: deployment.id ?? "",
    status: deployment.status ?? "",
    state: deployment.rolloutState ?? "",
    reason: deployment.rolloutStateReason ?? "",
    revision: idOf(deployment.taskDefinition),
    failedTasks: deployment.failedTasks ?? 0,
    createdAt: timeOf(deployment.createdAt),
  };
}
