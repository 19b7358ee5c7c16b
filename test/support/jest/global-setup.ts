import { resolve } from "node:path";
import { ensurePython } from "../../../local-cloud/python/environment";

/** Makes what several test files share, once and before any of them: the private virtual environment. */
export default async function setUp(): Promise<void> {
  await ensurePython(resolve(".local-cloud"));
}
