import { expect, test } from "@jest/globals";
import { provenWith } from "../../demo/providers";

test("a provider in another version than the pinned one is named with both versions", () => {
  expect(
    provenWith({
      aws: { version: "5.100.0", pinned: "6.25.0", source: "mirror" },
      digitalocean: { version: "2.71.0", pinned: "2.71.0", source: "stand-in" },
      null: { version: "3.2.4", pinned: "3.2.4", source: "registry" },
    }),
  ).toBe(
    "Proven with the providers aws 5.100.0 (from a mirror, where the project pins 6.25.0), digitalocean 2.71.0 (a stand-in), null 3.2.4 (from the registry).",
  );
});
