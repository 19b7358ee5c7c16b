import { posix } from "node:path";
import { variables, words } from "./dockerfile-words";

/** The parts of a Dockerfile that running a container of its image needs. */
export interface Image {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** `user[:group]`, in names or numbers. */
  readonly user: string;
  /** `SIGTERM`, … */
  readonly stopSignal: string;
  readonly copies: readonly Copy[];
}

/** A COPY or ADD from the image's own folder. */
export interface Copy {
  readonly sources: readonly string[];
  /** An absolute path; a folder when it ends with a slash. */
  readonly target: string;
  readonly owner: string | undefined;
  readonly mode: string | undefined;
}

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const empty: Image = {
  entrypoint: [],
  command: [],
  environment: { PATH: path },
  workingDirectory: "/",
  user: "root",
  stopSignal: "SIGTERM",
  copies: [],
};

/**
 * The properties of containers in a Dockerfile's last stage. Nothing is built: RUN and copies from other images have no
 * effect, since programs and libraries are this computer's. Source: Dockerfile reference.
 */
export function parseDockerfile(text: string): Image {
  const stages = new Map<string, Image>();
  let name = "";
  let image = empty;
  for (const instruction of instructions(text)) {
    if (instruction.name === "FROM") {
      stages.set(name, image);
      const [base = "", , alias = ""] = instruction.rest.replace(/^--\S+\s+/, "").split(/\s+/);
      image = stages.get(base) ?? empty;
      name = alias;
    } else {
      image = { ...image, ...effectOf(instruction, image) };
    }
  }
  return image.entrypoint[1] === "-c" && image.entrypoint.length === 3 ? { ...image, command: [] } : image;
}

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

function effectOf({ name, rest }: Instruction, image: Image): Partial<Image> {
  switch (name) {
    case "ENTRYPOINT":
      return { entrypoint: words(rest) };
    case "CMD":
      return { command: words(rest) };
    case "ENV":
      return { environment: variables(rest, image.environment) };
    case "WORKDIR":
      return { workingDirectory: posix.resolve(image.workingDirectory, literal(name, rest)) };
    case "USER":
      return { user: literal(name, rest) };
    case "STOPSIGNAL":
      return { stopSignal: signalName(literal(name, rest)) };
    case "COPY":
    case "ADD":
      return { copies: [...image.copies, ...copyOf(name, rest, image.workingDirectory)] };
    default:
      return {};
  }
}

/** None for a copy from another stage or image. */
function copyOf(name: string, rest: string, workingDirectory: string): Copy[] {
  const flags = new Map(
    Array.from(rest.matchAll(/(?:^|\s)--(\w+)(?:=(\S+))?/g), ([, flag = "", value = ""]) => [flag, value]),
  );
  const paths = literal(name, rest.replace(/^(--\S+\s+)+/, ""));
  const list = paths.startsWith("[") ? words(paths) : paths.split(/\s+/);
  const target = list.at(-1) ?? "";
  const sources = list.slice(0, -1);
  if (flags.has("from")) {
    return [];
  }
  if (sources.length === 0 || sources.some((source) => /^<<|:\/\//.test(source))) {
    throw new Error(`Dockerfile: not modelled: ${name} ${rest}`);
  }
  const folder = target.endsWith("/") || target.endsWith(".") || sources.length > 1;
  return [
    {
      sources,
      target: `${posix.resolve(workingDirectory, target)}${folder ? "/" : ""}`,
      owner: flags.get("chown"),
      mode: flags.get("chmod"),
    },
  ];
}

function literal(name: string, rest: string): string {
  if (rest.includes("$")) {
    throw new Error(`Dockerfile: a variable inside ${name} is not modelled: ${rest}`);
  }
  return rest;
}

const numbers: Readonly<Record<string, string>> = { 2: "SIGINT", 3: "SIGQUIT", 9: "SIGKILL", 15: "SIGTERM" };

function signalName(text: string): string {
  const named = numbers[text] ?? `SIG${text.toUpperCase().replace(/^SIG/, "")}`;
  if (/\d$/.test(named) && !/^SIGUSR[12]$/.test(named)) {
    throw new Error(`Dockerfile: not modelled: STOPSIGNAL ${text}`);
  }
  return named;
}

function instructions(text: string): Instruction[] {
  return text
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\[ \t]*\n/g, " ")
    .split("\n")
    .map((line) => /^\s*([A-Za-z]+)\s+(.*?)\s*$/.exec(line))
    .flatMap((match) =>
      match === null ? [] : [{ name: (match[1] ?? "").toUpperCase(), rest: match[2] ?? "" }],
    );
}
