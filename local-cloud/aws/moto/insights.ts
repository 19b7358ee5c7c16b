import { note, type World } from "../../world";
import { lastPart } from "../protocol/arns";
import { type MotoClient, MotoError } from "./moto-client";

/** A cluster that was deleted, and how often data arrives after that. */
interface LateInsights {
  /** Its name or ARN. */
  readonly cluster: string;
  readonly region: string;
  readonly milliseconds: number;
}

/**
 * Data of Container Insights that keeps arriving after its cluster is deleted: once the log group is deleted as well,
 * the service creates it again, without retention and tags.
 */
export function receiveLateInsights(world: World, moto: MotoClient, late: LateInsights): void {
  const { cluster, region, milliseconds } = late;
  const logGroupName = `/aws/ecs/containerinsights/${lastPart(cluster)}/performance`;
  const end = (outcome: string): void =>
    note(world, { kind: "event", service: "ecs", name: "late-insights", detail: { logGroupName, outcome } });
  const arrive = (): void => {
    moto.json("logs", region, "Logs_20140328.CreateLogGroup", { logGroupName }).then(
      () => end("made the group again"),
      (error: unknown) => {
        if (error instanceof MotoError && error.code === "ResourceAlreadyExistsException") {
          receiveLateInsights(world, moto, late);
        } else {
          end(String(error));
        }
      },
    );
  };
  setTimeout(arrive, milliseconds).unref();
}
