import { expect, test } from "@jest/globals";
import { imageFolder, parseDockerfile } from "../../local-cloud/nodes/inside/containers/dockerfile";

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

test("the last stage alone says what a container runs", () => {
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
  expect(image).toEqual({ entrypoint: ["node"], command: ["server.js", "--port", "8080"], environment: {} });
});

test("a command that is not a list runs in a shell, and a shell's entrypoint takes no command", () => {
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
    A: "1",
    B: "two words",
    C: "single quotes",
    D: "a b",
    GREETING: "good morning",
  });
});

test("a variable inside ENV is refused, since it isn't modelled", () => {
  expect(() => parseDockerfile("FROM a\nENV HOME=/app/$USER")).toThrow(
    "a variable inside ENV is not modelled: HOME=/app/$USER",
  );
});

test("PATH is left out, since a container's own is made for it", () => {
  const { environment } = parseDockerfile("FROM a\nENV NODE_ENV=production PATH=/app:$PATH\nENV PATH /bin");
  expect(environment).toEqual({ NODE_ENV: "production" });
});

test("a command that is no list of texts is refused", () => {
  expect(() => parseDockerfile('FROM a\nCMD ["node", 1]')).toThrow("not a list of texts");
});
