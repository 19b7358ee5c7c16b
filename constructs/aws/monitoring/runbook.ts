/** The alerts by name, with their texts. Each name is a heading of the runbook. */
const runbook = {
  "agent-lost": "A node's ECS agent has not been connected for 10 minutes",
  "activation-unused": "An activation expires within two days, and no machine has used it",
  "deployment-failed": "A roll-out of a service failed",
  "start-impaired": "A service repeatedly fails to start its tasks",
  "placement-failed": "ECS found no node for a task",
  "container-failed": "A container ended with an error, or a job's task could not be started",
  "tasks-missing": "A service has run fewer tasks than it should for longer than a roll-out takes",
  "job-not-started": "A run of a job could not be started for an hour",
} as const;

/** Something that people are notified of. */
export type Alert = keyof typeof runbook;

/** One sentence about an alert, and its place in the runbook. */
export function describe(alert: Alert): string {
  return `${runbook[alert]}. Runbook: docs/operations.md#${alert}`;
}
