import { proxy } from "../../../config/services/handover";
import type { TaskTimes } from "../../../config/services/health";
import type { Http } from "../../../config/services/service";
import { linuxParameters, logTo } from "./container-parts";

/** Props of {@link proxyContainer}. */
export interface ProxyContainerProps {
  readonly proxyImage: string;
  readonly http: Http;
  readonly times: TaskTimes;
  /** Whether clients come through a load balancer, which passes on their addresses. */
  readonly behindLoadBalancer: boolean;
  /** Whether ECS Exec is possible, which writes its agent into every container of a task. */
  readonly exec: boolean;
  readonly logGroup: string;
  readonly awsRegion: string;
}

/**
 * HAProxy in front of a container that knows nothing about roll-outs: it holds the node's port. Told to stop, it fails
 * the path that the load balancer checks, and keeps serving until the load balancer has taken it out; only once it has
 * ended is the app told to stop. Its health check passes once the app has answered for as long as the load balancer
 * needs to take it in.
 */
export function proxyContainer(props: ProxyContainerProps) {
  const { proxyImage, http, times, exec, logGroup, awsRegion } = props;
  const { health, stopTimeout, check, appCheck } = times;
  return {
    name: "proxy",
    image: proxyImage,
    essential: true,
    cpu: proxy.cpuUnits,
    memory: proxy.memoryMiB,
    // ECS stops containers in the reverse order.
    dependsOn: [{ containerName: "app", condition: appCheck === undefined ? "START" : "HEALTHY" }],
    links: ["app"],
    entryPoint: ["bash", "-c"],
    command: [`printf '%s' "$CONFIGURATION" >/tmp/haproxy.cfg && exec haproxy -db -f /tmp/haproxy.cfg`],
    environment: [
      {
        name: "CONFIGURATION",
        value: proxyConfiguration(props),
      },
    ],
    portMappings: [{ containerPort: proxy.port, hostPort: http.port, protocol: "tcp" }],
    healthCheck: {
      command: ["CMD", "bash", "-c", readiness(health?.readyAfter ?? 0)],
      ...check,
    },
    stopTimeout: stopTimeout.proxy,
    // Two for each connection, and some for itself; HAProxy doesn't start with fewer than it may need.
    ulimits: [{ name: "nofile", softLimit: proxy.openFiles, hardLimit: proxy.openFiles }],
    readonlyRootFilesystem: !exec,
    linuxParameters: linuxParameters(["ALL"], ["/tmp"]),
    dockerSecurityOptions: ["no-new-privileges"],
    logConfiguration: logTo(logGroup, awsRegion, "proxy"),
  };
}

/**
 * `grace` keeps serving after the stop signal, and `hard-stop-after` later ends what is left. A connection that the app
 * closes while it is idle would cost a request, so each request gets its own. Clients' connections live longer than
 * DigitalOcean's load balancers keep an idle one. `health` is checked and serves nobody: the load balancer decides how
 * many failed checks take a node out, and until then a slow app keeps serving. Only a load balancer is believed about a
 * client's address. Source: HAProxy Configuration Manual 3.2.
 */
function proxyConfiguration({ http, times, behindLoadBalancer }: ProxyContainerProps): string {
  const { port, containerPort = port } = http;
  const address = behindLoadBalancer
    ? "option forwardfor if-none"
    : "http-request set-header X-Forwarded-For %[src]";
  return `global
  maxconn ${proxy.connections}
  nbthread 2
  log stdout format raw daemon notice
  grace ${times.health?.lameDuck ?? 0}s
  hard-stop-after ${times.hardStopAfter}s
defaults
  mode http
  log global
  option dontlognull
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
  monitor fail if { stopping } || { nbsrv(health) lt 1 }
  ${address}
  default_backend app
backend app
  server app app:${containerPort}
backend health
  option httpchk
  http-check send meth GET uri ${http.health.path} ver HTTP/1.1 hdr Host localhost
  http-check expect status 200-399
  timeout check ${times.health?.loadBalancer.timeout ?? 0}s
  server app app:${containerPort} check inter 1s fall 1 rise 1
`;
}

/**
 * Passes while the path that load balancers check answers 200, but the first time only once it has done so without a
 * break for this many seconds. ECS asks every five seconds and waits as long: an answer that is nearly due is waited for.
 */
function readiness(seconds: number): string {
  return [
    "ask() {",
    `  exec 3<>/dev/tcp/127.0.0.1/${proxy.port}`,
    `  printf 'GET %s HTTP/1.0\\r\\n\\r\\n' '${proxy.healthPath}' >&3`,
    "  read -r -t 4 -u 3 _ status _",
    `  if [ "$status" != 200 ]; then rm -f /tmp/since; exit 1; fi`,
    "}",
    "ask",
    "if [ -e /tmp/ready ]; then exit 0; fi",
    "[ -e /tmp/since ] || date +%s >/tmp/since",
    `due=$(($(cat /tmp/since) + ${seconds} - $(date +%s)))`,
    "[ $due -le 3 ] || exit 1",
    "if [ $due -gt 0 ]; then sleep $due; ask; fi",
    ": >/tmp/ready",
  ].join("\n");
}
