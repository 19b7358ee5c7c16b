import { Agent, get } from "node:https";
import { text } from "node:stream/consumers";
import { TLSSocket } from "node:tls";

/** Where to, and whom to trust. */
export interface SecureRequest {
  /** Address that stands in for what DNS would say of the domain. */
  readonly ip: string;
  /** @default 443 */
  readonly port?: number;
  /** The name that the server has to prove. */
  readonly domain: string;
  /** Root of the certificates to trust, in PEM. */
  readonly root: string;
  readonly path?: string;
  /** Address that the client has. */
  readonly localAddress?: string;
  /** Keeps connections for further requests. @default a connection of its own */
  readonly agent?: Agent;
}

export interface SecureAnswer {
  readonly status: number;
  readonly body: string;
  /** Domains of the certificate that the connection began with. */
  readonly domains: readonly string[];
  /** SHA-1 of that certificate, as DigitalOcean writes it. */
  readonly fingerprint: string;
  /** The client's port, which tells connections apart. */
  readonly localPort: number | undefined;
}

/** Reads a page over TLS. @throws Error when the server doesn't prove to be the domain, or doesn't answer in 30 s */
export async function getSecurely(request: SecureRequest): Promise<SecureAnswer> {
  const { ip, port = 443, domain, root, path = "/", localAddress, agent = new Agent() } = request;
  return new Promise((resolve, reject) => {
    const options = {
      host: ip,
      port,
      servername: domain,
      ca: root,
      path,
      localAddress,
      agent,
      timeout: 30_000,
    };
    const sent = get({ ...options, headers: { host: domain } }, (response) => {
      const { socket } = response;
      if (!(socket instanceof TLSSocket)) {
        reject(new Error(`${domain} answered without TLS`));
        return;
      }
      const { subjectaltname = "", fingerprint } = socket.getPeerCertificate();
      const { localPort } = socket;
      text(response).then((body) => {
        resolve({
          status: response.statusCode ?? 0,
          body,
          domains: subjectaltname.split(", ").map((name) => name.replace("DNS:", "")),
          fingerprint: fingerprint.replaceAll(":", "").toLowerCase(),
          localPort,
        });
      }, reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`${domain} at ${ip}:${port} doesn't answer`)));
    sent.on("error", reject);
  });
}
