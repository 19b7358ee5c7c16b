import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { pullImage } from "../../local-cloud/nodes/inside/images/image";

const haproxy = "public.ecr.aws/docker/library/haproxy";

let imagesDirectory: string;
let programs: string;

beforeEach(() => {
  imagesDirectory = mkdtempSync(join(tmpdir(), "images-"));
  programs = join(imagesDirectory, "programs");
  mkdirSync(programs);
});

afterEach(() => {
  rmSync(imagesDirectory, { recursive: true });
});

test.each([haproxy, `${haproxy}:3.2`, `${haproxy}:3.2.1@sha256:ab`])(
  "%s is this computer's HAProxy, with the real image's user and stop signal",
  async (reference) => {
    writeFileSync(join(programs, "haproxy"), "");
    const { image, folder } = await pullImage({ imagesDirectory }, reference, [programs]);
    expect(image).toMatchObject({
      user: "haproxy",
      stopSignal: "SIGUSR1",
      workingDirectory: "/var/lib/haproxy",
    });
    expect(folder).toBeUndefined();
  },
);

test("an image whose program this computer lacks can't be pulled, and the reason says what to install", async () => {
  await expect(pullImage({ imagesDirectory }, `${haproxy}:3.2`, [programs])).rejects.toThrow(
    /^CannotPullContainerError: .*haproxy:3\.2: .* this computer's haproxy, which is missing: install it \(Debian and Ubuntu: apt-get install haproxy\)$/,
  );
});

test.each([`${haproxy}-unprivileged:3.2`, "docker.io/library/haproxy:3.2"])(
  "an image that wasn't pushed isn't found: %s",
  async (reference) => {
    writeFileSync(join(programs, "haproxy"), "");
    await expect(pullImage({ imagesDirectory }, reference, [programs])).rejects.toThrow(
      `CannotPullContainerError: failed to resolve ref ${reference}: not found: the local cloud has only images that deploys build, and those of its --image`,
    );
  },
);
