/** Differences from AWS, so that tests needn't wait or create a thousand resources. */
export interface Settings {
  /** The machines' region. */
  readonly region: string;
  /** Items of a page at most when the caller sets no `maxResults`. */
  readonly pageSize: number;
  /** Whether a list begins with an empty page, as AWS's do at times. */
  readonly emptyPages: boolean;
  /** Seconds since an agent's last call after which it counts as lost. AWS: 5 minutes for Systems Manager. */
  readonly lostAfter: number;
  /** Seconds that a task without a health check must run to count as healthy. AWS: about 40. */
  readonly settledAfter: number;
  /** Seconds after its creation in which a DAEMON service has found no instances yet, and wants no task. */
  readonly daemonDelay: number;
}

export const defaultSettings: Settings = {
  region: "eu-west-1",
  pageSize: 100,
  emptyPages: false,
  lostAfter: 10,
  settledAfter: 3,
  daemonDelay: 3,
};
