import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const image = "registry.example/shop/app:v1";
const problemsWith = (settings: object) =>
  problemsOf({ ...oneSite, services: { worker: { image, ...settings } } });

test.each(["ghcr.io/shop/app", "registry.example:5000/app", "app"])(
  "the image %s is refused, since it has no tag or digest",
  (untagged) => {
    expect(problemsWith({ image: untagged })).toEqual([
      `test.ts: services.worker.image is not a key of images (none), and as a URI it lacks a tag or a digest: correct the key, or add a tag or a digest (got "${untagged}")`,
    ]);
  },
);

test.each([
  "app:v1",
  "registry.example:5000/app:v1",
  `ghcr.io/shop/app@sha256:${"a".repeat(64)}`,
  `ghcr.io/shop/app:v1@sha256:${"a".repeat(64)}`,
])("the image %s is accepted", (tagged) => {
  expect(problemsWith({ image: tagged })).toEqual([]);
});

const volume = (containerPath: string) => ({ hostPath: "/srv", containerPath });

test.each([
  ["volumes", "/x", { volumes: [volume("/x"), volume("/x/")] }],
  ["volumes", "/tmp", { volumes: [volume("/tmp")], tmpfs: ["/run", "//tmp"] }],
  ["tmpfs", "/run", { tmpfs: ["/run", "/tmp/../run"] }],
])("%s that mount something at %s twice are refused, however it is written", (setting, at, settings) => {
  expect(problemsWith(settings)).toEqual([
    expect.stringContaining(`services.worker.${setting} mount something at ${at} twice: keep one (got [`),
  ]);
});

test.each([
  ["volumes", { volumes: [volume("/")] }],
  ["tmpfs", { tmpfs: ["/tmp", "/."] }],
])("%s over the whole image are refused", (setting, settings) => {
  expect(problemsWith(settings)).toEqual([
    expect.stringContaining(
      `services.worker.${setting} mount something at /, where the image itself is: use a folder below it (got [`,
    ),
  ]);
});

test("a mount within another mount is accepted", () => {
  expect(problemsWith({ volumes: [volume("/data"), volume("/data/own")], tmpfs: ["/data/tmp"] })).toEqual([]);
});
