/** Environment variables that every container gets from the deployment itself, so that no user may set them. */
export const deploymentVariables: readonly string[] = [
  "PORT",
  "HEALTH_PATH",
  "LAME_DUCK_SECONDS",
  "READY_AFTER_SECONDS",
];
