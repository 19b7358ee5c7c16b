import { Certificate } from "@cdktf/provider-digitalocean/lib/certificate";
import { Loadbalancer, type LoadbalancerForwardingRule } from "@cdktf/provider-digitalocean/lib/loadbalancer";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { plainListener, type Entrance } from "../../config/services/entrances";
import { checkedPath } from "../../config/services/handover";
import { healthTimes } from "../../config/services/health";
import { urlOf, type Listener } from "../../config/services/load-balancer";
import { addressOf } from "../expressions";
import type { Network } from "./network";

/** Props of {@link LoadBalancer}. */
export interface LoadBalancerProps {
  readonly name: string;
  readonly region: string;
  readonly network: Network;
  /** Tag of the droplets behind it. */
  readonly tag: string;
  /** The service it leads to; the resource has the name of the service. */
  readonly entrance: Entrance;
}

const anybody = ["0.0.0.0/0"];

/** The way in to a service at a site: listeners in front of the tagged droplets that pass its health checks. */
export class LoadBalancer extends Construct {
  readonly resource: Loadbalancer;
  /** The URLs that clients connect to: with a listener's first domain if it has one, else the address. */
  readonly urls: string[];
  /** The URL for the site's containers, if it is for them. */
  readonly internalUrl: string | undefined;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { name, region, network, tag, entrance } = props;
    const { service, http, loadBalancer } = entrance;
    const { allowFrom, listeners } = loadBalancer;
    const { port } = http;
    const health = healthTimes(http.health).loadBalancer;
    const redirect = listeners.some(
      (listener) => listener.protocol === "http" && listener.redirectTo !== undefined,
    );
    this.resource = new Loadbalancer(this, service, {
      name,
      // A change replaces the load balancer. Left out, it is public.
      network: loadBalancer.network === "internal" ? "INTERNAL" : undefined,
      region,
      vpcUuid: network.vpcUuid,
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
        path: checkedPath(http),
        checkIntervalSeconds: health.interval,
        responseTimeoutSeconds: health.timeout,
        unhealthyThreshold: health.unhealthyThreshold,
        healthyThreshold: health.healthyThreshold,
      },
      // Left out, the restrictions of an earlier configuration would stay.
      firewall: { allow: (allowFrom.length === 0 ? anybody : allowFrom).map((range) => `cidr:${range}`) },
      // It can't move to another network.
      lifecycle: { replaceTriggeredBy: [addressOf(network.choice)] },
    });
    this.urls = listeners.map((listener) => urlOf(listener, this.resource.ip));
    const plain = loadBalancer.network === "internal" ? plainListener(loadBalancer) : undefined;
    this.internalUrl = plain && urlOf(plain, this.resource.ip);
  }

  private certificateOf(
    { name, entrance: { service } }: LoadBalancerProps,
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
