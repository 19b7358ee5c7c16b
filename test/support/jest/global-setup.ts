import { resolve } from "node:path";
import { ensurePython } from "../../../local-cloud/python/environment";
import { serveRoom } from "./room";
import { room } from "./shares.json";

/** Makes what test files share, once and before any of them: the private virtual environment, and room for each. */
export default async function setUp(): Promise<void> {
  await ensurePython(resolve(".local-cloud"));
  await serveRoom(room);
}
