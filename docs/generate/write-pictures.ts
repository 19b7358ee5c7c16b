import { readFileSync, writeFileSync } from "node:fs";
import prod from "../../config/environments/prod";
import { architecturePicture } from "./architecture";
import { stacksOf } from "./deployment";
import { terminalPicture } from "./terminal";

// Draws the stacks of config/environments/prod.ts and the terminal of a demo; `npm run docs` runs it.
writeFileSync(
  "docs/pictures/architecture.svg",
  architecturePicture("The stacks of config/environments/prod.ts", stacksOf(prod)),
);
// A run has written it: `npm run demo -- --recording docs/pictures/demo.txt`.
const recording = readFileSync("docs/pictures/demo.txt", "utf8");
writeFileSync("docs/pictures/demo.svg", terminalPicture("npm run demo", recording));
