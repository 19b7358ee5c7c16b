/** Memory that a path may take, in MiB. */
const tmpfsMiB = 64;

/** With both lists of capabilities, as ECS returns them: without one, every plan would replace the revision. */
export function linuxParameters(drop: readonly string[], tmpfs: readonly string[]) {
  return {
    initProcessEnabled: true,
    capabilities: { add: [], drop },
    ...(tmpfs.length > 0 && {
      tmpfs: tmpfs.map((containerPath) => ({ containerPath, size: tmpfsMiB, mountOptions: [] })),
    }),
  };
}

/** The destination of a container's output. */
export function logTo(group: string, region: string, prefix: string) {
  return {
    logDriver: "awslogs",
    options: { "awslogs-group": group, "awslogs-region": region, "awslogs-stream-prefix": prefix },
  };
}
