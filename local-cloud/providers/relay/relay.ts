import { createServer } from "node:net";
import { Pool } from "./pool";
import { serveFront } from "./serve-front";
import { readStart } from "./start-message";

// Serves what Terraform starts in place of the AWS provider: node relay.js SOCKET. Ends when standard input does, and its
// providers with it.

const [, , path = ""] = process.argv;
const pool = new Pool();
// Each provider listens for the end.
process.setMaxListeners(0);
process.stdin.once("end", () => process.exit()).resume();
createServer((front) => {
  // Its end is enough.
  front.on("error", () => undefined);
  readStart(front).then(
    (start) => {
      serveFront(front, start, pool);
    },
    () => front.destroy(),
  );
}).listen(path, () => {
  console.log("listening");
});
