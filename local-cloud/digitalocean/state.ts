import type { KeyPair } from "./balancing/certificate-authority";

/** A virtual machine. Its machine among the processes is named `droplet-<id>`. */
export interface Droplet {
  readonly id: number;
  name: string;
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
  /** The features that are switched on, by the API's names. */
  readonly features: Set<"backups" | "ipv6" | "monitoring">;
  readonly createdAt: number;
}

export interface Rule {
  readonly protocol: "tcp" | "udp" | "icmp";
  /** One port, a range, or `0` for all of them. */
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

export type ForwardingRule = {
  readonly entry_protocol: string;
  readonly entry_port: number;
  readonly target_protocol: string;
  readonly target_port: number;
  readonly certificate_id?: string;
  readonly tls_passthrough?: boolean;
};

export type HealthCheck = {
  readonly protocol: string;
  readonly port: number;
  readonly path: string;
  readonly check_interval_seconds: number;
  readonly response_timeout_seconds: number;
  readonly unhealthy_threshold: number;
  readonly healthy_threshold: number;
};

/** The members of a load balancer that a request sets, by the API's own names. */
export type LoadBalancerSettings = {
  readonly name: string;
  readonly region: string;
  readonly tag: string;
  readonly vpc_uuid: string;
  /** Where clients are: anywhere, or only in the VPC. */
  readonly network: "EXTERNAL" | "INTERNAL";
  readonly forwarding_rules: readonly ForwardingRule[];
  readonly health_check: HealthCheck;
  /** Each `ip:ADDRESS` or `cidr:RANGE`. */
  readonly firewall: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly redirect_http_to_https: boolean;
  readonly http_idle_timeout_seconds: number;
  readonly size_unit: number;
  readonly project_id: string;
  readonly disable_lets_encrypt_dns_records: boolean;
  readonly tls_cipher_policy: string;
};

export interface LoadBalancer {
  readonly id: string;
  /** The request that created or last updated it, with the API's defaults filled in. */
  settings: LoadBalancerSettings;
  /** Its own loopback address, or a private address of its VPC. */
  readonly ip: string;
  status: "new" | "active" | "errored";
  /** Milliseconds since the epoch until which it processes its last change. */
  busyUntil: number;
  readonly createdAt: number;
}

/** The certificate with which a listener proves its domains. */
export interface Certificate {
  readonly id: string;
  readonly name: string;
  readonly type: "custom" | "lets_encrypt";
  readonly domains: readonly string[];
  state: "pending" | "verified" | "error";
  /** Present once it is verified. */
  pair: KeyPair | undefined;
  /** Milliseconds since the epoch at which a load balancer last stopped using it; 0 when none ever has. */
  releasedAt: number;
  readonly createdAt: number;
}

export interface Tag {
  readonly name: string;
}

export interface Vpc {
  readonly id: string;
  name: string;
  description: string;
  readonly region: string;
  readonly ipRange: string;
  /** The first VPC of a region is its default, until another is made the default. The default can't be deleted. */
  isDefault: boolean;
  readonly createdAt: number;
}
