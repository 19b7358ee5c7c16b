import { writeFileSync } from "node:fs";
import prod from "../../config/environments/prod";
import { architecturePicture } from "./architecture";
import { stacksOf } from "./deployment";

// Draws the stacks of config/environments/prod.ts; `npm run docs` runs it.
writeFileSync(
  "docs/pictures/architecture.svg",
  architecturePicture("The stacks of config/environments/prod.ts", stacksOf(prod)),
);
