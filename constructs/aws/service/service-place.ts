import { join } from "node:path";

/** Where the scripts of services find what they work on. */
export interface ServicePlace {
  /** Name of the deployment, which its nodes carry as an attribute. */
  readonly name: string;
  /** Name of the service in the config. */
  readonly service: string;
  readonly cluster: string;
  readonly awsRegion: string;
  /** Credentials of another account are refused. */
  readonly account: string;
}

/** How scripts find nodes whose agent is lost, by their setting `LOST_NODES`. */
export const lostNodesLibrary = join(__dirname, "lost-nodes.sh");
