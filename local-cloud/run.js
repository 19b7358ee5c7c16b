"use strict";

const path = require("node:path");
const { requireNodeVersion } = require("../node-version");

// Runs a TypeScript file, named from the project's folder: node run.js FILE [ARGUMENT …]
requireNodeVersion();
// On the Node.js versions this project runs on, the AWS SDK announces the end of their support at every start.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
require("../bundle/hook");
const [file] = process.argv.splice(2, 1);
require(path.join(__dirname, "..", file));
