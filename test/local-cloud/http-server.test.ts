import { expect, test } from "@jest/globals";
import { serveOnLoopback } from "../../local-cloud/http-server";

test("the server never closes an idle connection that a client may be about to reuse", async () => {
  const server = await serveOnLoopback((_, response) => response.end());
  const { status, headers } = await fetch(server.url).finally(() => server.close());
  // Node.js announces here after how many idle seconds it would.
  expect([status, headers.get("keep-alive")]).toEqual([200, null]);
});
