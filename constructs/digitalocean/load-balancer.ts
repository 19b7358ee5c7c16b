import { Certificate } from "@cdktf/provider-digitalocean/lib/certificate";
import { Loadbalancer, type LoadbalancerForwardingRule } from "@cdktf/provider-digitalocean/lib/loadbalancer";
import { dependable, Fn, type TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { HealthTimes } from "../../config/services/health";
import type { Listener, LoadBalancer as Settings } from "../../config/services/load-balancer";

/** Props of {@link LoadBalancer}. */
export interface LoadBalancerProps {
  readonly name: string;
  /** Name of the service, which is the resource's too. */
  readonly service: string;
  readonly region: string;
  readonly vpcUuid: string | undefined;
  /** Replaces the load balancer, which can't move to another network. */
  readonly network: TerraformResource;
  /** Tag of the droplets behind it. */
  readonly tag: string;
  readonly settings: Settings;
  /** Port of the nodes. */
  readonly port: number;
  readonly healthPath: string;
  readonly health: HealthTimes["loadBalancer"];
}

const anybody = ["0.0.0.0/0"];

/** The way in to a service at a site: listeners in front of the tagged droplets that pass its health checks. */
export class LoadBalancer extends Construct {
  readonly resource: Loadbalancer;
  /** Where clients connect to: a listener's first domain where it has one, else the address. */
  readonly urls: string[];

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { name, service, region, vpcUuid, network, tag, settings, port, healthPath, health } = props;
    const { allowFrom, listeners } = settings;
    const redirect = listeners.some(
      (listener) => listener.protocol === "http" && listener.redirectTo !== undefined,
    );
    this.resource = new Loadbalancer(this, service, {
      name,
      // Another one replaces it. Left out, it is public.
      network: settings.network === "internal" ? "INTERNAL" : undefined,
      region,
      vpcUuid,
      dropletTag: tag,
      forwardingRule: listeners.map((listener) => ({
        entryProtocol: listener.protocol,
        entryPort: listener.port,
        targetProtocol: "http",
        targetPort: port,
        ...this.certificateOf(props, listener),
      })),
      redirectHttpToHttps: redirect,
      // DigitalOcean would point the domain's apex at the load balancer, whatever runs there, and leave that behind.
      disableLetsEncryptDnsRecords: true,
      healthcheck: {
        protocol: "http",
        port,
        path: healthPath,
        checkIntervalSeconds: health.interval,
        responseTimeoutSeconds: health.timeout,
        unhealthyThreshold: health.unhealthyThreshold,
        healthyThreshold: health.healthyThreshold,
      },
      // Left out, the restrictions of an earlier configuration would stay.
      firewall: { allow: (allowFrom.length === 0 ? anybody : allowFrom).map((range) => `cidr:${range}`) },
      lifecycle: { replaceTriggeredBy: [dependable(network)] },
    });
    this.urls = listeners.map((listener) => urlOf(listener, this.resource.ip));
  }

  private certificateOf(
    { name, service }: LoadBalancerProps,
    listener: Listener,
  ): Pick<LoadbalancerForwardingRule, "certificateName"> {
    if (listener.protocol === "http") {
      return {};
    }
    const { certificate } = listener;
    if ("name" in certificate) {
      return { certificateName: certificate.name };
    }
    // Every change replaces a certificate, and one in use can't be deleted: the new one comes first. Names are unique,
    // also that of a certificate that failed: the time of its creation gives each one its own.
    const time = Fn.formatdate("YYYYMMDDhhmmss", Fn.timestamp());
    const managed = new Certificate(this, `${service}-${listener.port}`, {
      name: `${name}-${listener.port}-${time}`,
      type: "lets_encrypt",
      domains: [...certificate.domains],
      lifecycle: { createBeforeDestroy: true, ignoreChanges: ["name"] },
    });
    return { certificateName: managed.name };
  }
}

const standardPorts = { http: 80, https: 443 };

function urlOf(listener: Listener, address: string): string {
  const domain =
    listener.protocol === "https" && "domains" in listener.certificate
      ? listener.certificate.domains[0]
      : undefined;
  const port = listener.port === standardPorts[listener.protocol] ? "" : `:${listener.port}`;
  return `${listener.protocol}://${domain ?? address}${port}`;
}
