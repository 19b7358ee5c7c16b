import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { buildImage } from "./build";
import { Failure } from "./failure";
import { logIn } from "./login";
import { pushImage } from "./push";

/**
 * `docker` as far as publishing an image needs it, without an engine: an image is a copy of its build context, which a
 * push gives to the machines and registers in ECR. Every other call fails with an error.
 */
async function docker(words: readonly string[]): Promise<string> {
  const directory = dirname(dirname(__filename));
  const elsewhere = instead[words[0] ?? ""];
  if (elsewhere !== undefined) {
    throw new Failure(`containers run on the nodes, not on this computer: ${elsewhere}`);
  }
  const { values, positionals } = parse(words);
  const [command = "", subject = ""] = positionals;
  if (command === "version" && values.format === "{{.Server.Version}}") {
    return "local-cloud";
  }
  if (command === "context" && subject === "inspect" && values.format === "{{.Name}}") {
    return "default";
  }
  if (command === "build" && values.tag !== undefined && values.platform !== undefined) {
    return buildImage(directory, { folder: subject, reference: values.tag, platform: values.platform });
  }
  if (command === "login" && values.username !== undefined && values["password-stdin"] === true) {
    return logIn(subject, values.username);
  }
  if (command === "push") {
    return pushImage(directory, subject);
  }
  throw unknown(words);
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        format: { type: "string" },
        platform: { type: "string" },
        tag: { type: "string" },
        username: { type: "string" },
        "password-stdin": { type: "boolean" },
      },
    });
  } catch {
    throw unknown(words);
  }
}

/** The commands to use instead for containers: none of them runs on this computer's Docker. */
const instead: Readonly<Record<string, string>> = {
  ps: "`npx anywhere status` shows them",
  logs: "`npx anywhere logs <service>` prints their output",
  exec: "`npx anywhere exec <service>` opens a shell in one",
  run: "`npx anywhere run <service> -- <command>` starts one more",
};

function unknown(words: readonly string[]): Failure {
  return new Failure(`the local cloud's docker doesn't support: docker ${words.join(" ")}`);
}

docker(process.argv.slice(2)).then(
  (said) => console.log(said),
  (error: unknown) => {
    console.error(error instanceof Failure ? error.message : error);
    process.exitCode = 1;
  },
);
