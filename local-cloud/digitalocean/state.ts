/** A virtual machine. Its machine in the world of processes has the name `droplet-<id>`. */
export interface Droplet {
  readonly id: number;
  readonly name: string;
  readonly region: string;
  size: string;
  readonly image: string;
  readonly vpcId: string;
  readonly publicIp: string;
  readonly privateIp: string;
  readonly userData: string;
  readonly sshKeys: readonly string[];
  tags: string[];
  status: "new" | "active" | "off";
  readonly monitoring: boolean;
  readonly createdAt: number;
}

export interface Rule {
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly ports: string;
  /** `sources` of an inbound rule, `destinations` of an outbound one, as given. */
  readonly peers: {
    readonly addresses?: readonly string[];
    readonly droplet_ids?: readonly number[];
    readonly load_balancer_uids?: readonly string[];
    readonly tags?: readonly string[];
  };
}

export interface Firewall {
  readonly id: string;
  name: string;
  tags: string[];
  dropletIds: number[];
  inbound: Rule[];
  outbound: Rule[];
  readonly createdAt: number;
}

export interface LoadBalancer {
  readonly id: string;
  /** The request that created or last updated it, with the API's defaults filled in. */
  settings: Readonly<Record<string, unknown>>;
  /** A loopback address of its own. */
  readonly ip: string;
  status: "new" | "active" | "errored";
  readonly createdAt: number;
}

export interface Tag {
  readonly name: string;
}

export interface Vpc {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly ipRange: string;
  /** The first VPC of a region is its default and can't be deleted. */
  readonly isDefault: boolean;
  readonly createdAt: number;
}
