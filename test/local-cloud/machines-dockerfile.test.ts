import { expect, test } from "@jest/globals";
import { parseDockerfile } from "../../local-cloud/nodes/inside/images/dockerfile";
import { imageFolder } from "../../local-cloud/nodes/inside/images/image";

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

test("an image reference maps to a folder, its tag and digest to folders inside", () => {
  expect(imageFolder("/images", "registry.example/anywhere/app:v1")).toBe(
    "/images/registry.example/anywhere/app/v1",
  );
  expect(imageFolder("/images", "127.0.0.1:5000/app@sha256:ab")).toBe("/images/127.0.0.1/5000/app/sha256/ab");
});

test("an image reference can't leave the images' folder", () => {
  expect(() => imageFolder("/images", "registry.example/../../etc")).toThrow("invalid reference format");
  expect(() => imageFolder("/images", "/etc")).toThrow("invalid reference format");
});

test("only the last stage says what a container runs", () => {
  const image = parseDockerfile(`
    # syntax is not of interest
    FROM node:20 AS build
    ENV STAGE=build
    CMD ["make"]
    FROM node:20
    ENTRYPOINT ["node"]
    cmd ["server.js", \\
         "--port", "8080"]
  `);
  expect(image).toMatchObject({
    entrypoint: ["node"],
    command: ["server.js", "--port", "8080"],
    environment: { PATH: path },
  });
});

test("a command that isn't a list runs in a shell, and an entrypoint in a shell takes no command", () => {
  expect(parseDockerfile("FROM a\nCMD node server.js").command).toEqual(["/bin/sh", "-c", "node server.js"]);
  expect(parseDockerfile('FROM a\nENTRYPOINT node server.js\nCMD ["ignored"]')).toMatchObject({
    entrypoint: ["/bin/sh", "-c", "node server.js"],
    command: [],
  });
});

test("ENV takes several variables, quotes and the old form with a space", () => {
  const { environment } = parseDockerfile(
    `FROM a\nENV A=1 B="two words" C='single quotes' D=a\\ b\nENV GREETING good morning\n`,
  );
  expect(environment).toEqual({
    PATH: path,
    A: "1",
    B: "two words",
    C: "single quotes",
    D: "a b",
    GREETING: "good morning",
  });
});

test("an unknown variable inside ENV is refused, since it isn't modelled", () => {
  expect(() => parseDockerfile("FROM a\nENV HOME=/app/$USER")).toThrow(
    "a variable inside ENV is not modelled: HOME=/app/$USER",
  );
});

test("ENV may use variables that are set before it", () => {
  const { environment } = parseDockerfile("FROM a\nENV A=1 PATH=/app:$PATH\nENV B=${A}2");
  expect(environment).toEqual({ A: "1", B: "12", PATH: `/app:${path}` });
});

test("user, working directory and stop signal are the Dockerfile's, or else Docker's defaults", () => {
  expect(parseDockerfile("FROM a")).toMatchObject({
    user: "root",
    workingDirectory: "/",
    stopSignal: "SIGTERM",
  });
  expect(parseDockerfile("FROM a\nWORKDIR /srv\nWORKDIR web\nUSER node:33\nSTOPSIGNAL usr1")).toMatchObject({
    user: "node:33",
    workingDirectory: "/srv/web",
    stopSignal: "SIGUSR1",
  });
  expect(parseDockerfile("FROM a\nSTOPSIGNAL 3").stopSignal).toBe("SIGQUIT");
  expect(() => parseDockerfile("FROM a\nUSER $NAME")).toThrow(
    "a variable inside USER is not modelled: $NAME",
  );
});

test("a stage inherits from the stage that it is based on", () => {
  const image = parseDockerfile(
    "FROM a AS base\nUSER node\nFROM b AS build\nUSER nobody\nFROM base\nENV A=1",
  );
  expect(image).toMatchObject({ user: "node", environment: { A: "1" } });
});

test("COPY takes files, folders and lists, relative to the working directory, and ignores other images", () => {
  const { copies } = parseDockerfile(`FROM a
    COPY --from=node /usr/local/bin/node /usr/local/bin/
    WORKDIR /app
    COPY --chown=node --chmod=755 a b ./
    ADD ["with space", "/etc/one"]
    COPY . .`);
  expect(copies).toEqual([
    { sources: ["a", "b"], target: "/app/", owner: "node", mode: "755" },
    { sources: ["with space"], target: "/etc/one" },
    { sources: ["."], target: "/app/" },
  ]);
  expect(() => parseDockerfile("FROM a\nADD https://example.com/x /x")).toThrow("not modelled");
});

test("a command that isn't a list of texts is refused", () => {
  expect(() => parseDockerfile('FROM a\nCMD ["node", 1]')).toThrow("not a list of texts");
});
