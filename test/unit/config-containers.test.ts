import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const image = "registry.example/shop/app:v1";
const problemsWith = (settings: object) =>
  problemsOf({ ...oneSite, services: { worker: { image, ...settings } } });

test.each(["ghcr.io/shop/app", "registry.example:5000/app", "app"])(
  "the image %s is refused, which says no tag and no digest",
  (untagged) => {
    expect(problemsWith({ image: untagged })).toEqual([
      `test.ts: services.worker.image is no key of images (none), and as a URI it lacks a tag or a digest: correct it, or add one (got "${untagged}")`,
    ]);
  },
);

test.each([
  "app:v1",
  "registry.example:5000/app:v1",
  `ghcr.io/shop/app@sha256:${"a".repeat(64)}`,
  `ghcr.io/shop/app:v1@sha256:${"a".repeat(64)}`,
])("the image %s is taken", (tagged) => {
  expect(problemsWith({ image: tagged })).toEqual([]);
});
