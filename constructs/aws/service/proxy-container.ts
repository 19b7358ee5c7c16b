import { proxy } from "../../../config/services/handover";
import type { TaskTimes } from "../../../config/services/health";
import type { Http } from "../../../config/services/service";
import { linuxParameters, logTo } from "./container-parts";

/** Props of {@link proxyContainer}. */
export interface ProxyContainerProps {
  readonly proxyImage: string;
  readonly http: Http;
  readonly times: TaskTimes;
  /** Whether ECS Exec is possible, which writes its agent into every container of a task. */
  readonly exec: boolean;
  readonly logGroup: string;
  readonly awsRegion: string;
}

/**
 * HAProxy in front of a container that knows nothing of roll-outs: it holds the node's port. Told to stop, it fails the
 * path that the load balancer asks, and serves on until the load balancer has looked elsewhere; only when it has ended is the app told. Its
 * health passes once the app has answered for as long as the load balancer needs to take it in.
 */
export function proxyContainer(props: ProxyContainerProps) {
  const { proxyImage, http, times, exec, logGroup, awsRegion } = props;
  const { health, hardStopAfter, stopTimeout, check, appCheck } = times;
  return {
    name: "proxy",
    image: proxyImage,
    essential: true,
    cpu: proxy.cpuUnits,
    memory: proxy.memoryMiB,
    // ECS ends containers in the reverse order.
    dependsOn: [{ containerName: "app", condition: appCheck === undefined ? "START" : "HEALTHY" }],
    links: ["app"],
    entryPoint: ["bash", "-c"],
    command: [`printf '%s' "$CONFIGURATION" >/tmp/haproxy.cfg && exec haproxy -db -f /tmp/haproxy.cfg`],
    environment: [
      {
        name: "CONFIGURATION",
        value: proxyConfiguration(http, { lameDuck: health?.lameDuck ?? 0, hardStopAfter }),
      },
    ],
    portMappings: [{ containerPort: proxy.port, hostPort: http.port, protocol: "tcp" }],
    healthCheck: {
      command: ["CMD", "bash", "-c", readiness(health?.readyAfter ?? 0)],
      ...check,
    },
    stopTimeout: stopTimeout.proxy,
    readonlyRootFilesystem: !exec,
    linuxParameters: linuxParameters(["ALL"], ["/tmp"]),
    dockerSecurityOptions: ["no-new-privileges"],
    logConfiguration: logTo(logGroup, awsRegion, "proxy"),
  };
}

/**
 * `grace` goes on serving after the stop signal, `hard-stop-after` ends what is left then. A connection that the app
 * closes while it is idle would cost a request, so that each request has one of its own. Clients' connections live longer
 * than DigitalOcean's load balancers keep an idle one. The client's address is written unless the load balancer has done
 * it. Source: HAProxy Configuration Manual 3.2.
 */
function proxyConfiguration(
  { port, containerPort = port, health }: Http,
  { lameDuck, hardStopAfter }: { readonly lameDuck: number; readonly hardStopAfter: number },
): string {
  return `global
  maxconn ${proxy.connections}
  log stdout format raw daemon notice
  grace ${lameDuck}s
  hard-stop-after ${hardStopAfter}s
defaults
  mode http
  log global
  option dontlognull
  option forwardfor if-none
  option http-server-close
  retries 3
  retry-on conn-failure
  timeout connect 5s
  timeout http-request 30s
  timeout http-keep-alive 75s
  timeout client 5m
  timeout server 5m
  timeout tunnel 1h
frontend node
  bind :${proxy.port}
  monitor-uri ${proxy.healthPath}
  monitor fail if { stopping } || { nbsrv(app) lt 1 }
  default_backend app
backend app
  option httpchk GET ${health.path}
  http-check expect status 200-399
  server app app:${containerPort} check inter 1s fastinter 500ms fall 3 rise 1
`;
}

/** Passes once the path that load balancers ask has answered 200 without a break for so many seconds. */
function readiness(seconds: number): string {
  return [
    `exec 3<>/dev/tcp/127.0.0.1/${proxy.port}`,
    `printf 'GET %s HTTP/1.0\\r\\n\\r\\n' '${proxy.healthPath}' >&3`,
    "read -r -t 4 -u 3 _ status _",
    `if [ "$status" != 200 ]; then rm -f /tmp/ready; exit 1; fi`,
    "[ -e /tmp/ready ] || date +%s >/tmp/ready",
    `[ $(($(date +%s) - $(cat /tmp/ready))) -ge ${seconds} ]`,
  ].join("\n");
}
