import { createPatientServer } from "../../../http-server";
import type { Stop } from "../repetition";
import { log } from "../settings";

/** Serves JSON on a port of this machine: `answer`'s result for a path, 404 when undefined. */
export function serveJson(
  { host, port }: { readonly host: string; readonly port: number },
  answer: (path: string) => object | undefined,
): Stop {
  const server = createPatientServer((request, response) => {
    const body = answer(request.url ?? "/");
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? { error: "not found" }));
  });
  server.on("error", (error) => log(`port ${port}: ${error.message}`));
  server.listen(port, host);
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
