import { expect, test } from "@jest/globals";
import { installerProblems } from "../../../cli/checks/installer";
import { useDesk } from "./undertaking";

const desk = useDesk();

const own = "8B9996483D7E9DC513EC51B8041642B27CAD71F3";
const aws = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F";

/** The problems of an environment with AWS's key, in the shell of clouds with their own key. */
const problems = (over: Partial<Parameters<ReturnType<typeof desk>["undertake"]>[0]> = {}) =>
  installerProblems(
    desk().undertake({ stacks: ["compute-ams3"], variables: { ANYWHERE_SIGNING_KEY: own }, ...over }),
  );

test("a deploy to clouds that sign their own installer is refused with the key to set", async () => {
  expect(await problems()).toEqual([
    `the local cloud of this shell signs its installer with the key ${own}, and environment.json says installer.signingKey ` +
      `${aws}: set it to ${own} there, or open a shell without ANYWHERE_SIGNING_KEY for the real clouds`,
  ]);
});

test("a deploy to the real clouds with another key than AWS's is announced to fail at the nodes", async () => {
  const notices: string[] = [];
  const undertaking = desk().undertake({
    stacks: ["compute-ams3"],
    variables: {},
    environment: { installer: { signingKey: own } },
  });
  expect(await installerProblems({ ...undertaking, notice: (text) => notices.push(text) })).toEqual([]);
  expect(notices).toEqual([
    `environment.json says installer.signingKey ${own}, which isn't AWS's (${aws}): nodes refuse AWS's installer. ` +
      "Remove the setting, unless AWS has replaced its key.",
  ]);
});

test.each<[string, Parameters<typeof problems>[0]]>([
  ["with that key", { environment: { installer: { signingKey: own } } }],
  ["of the real clouds", { variables: {} }],
  ["of no nodes", { stacks: ["control-plane", "service-web"] }],
  ["that makes nothing", { command: "diff" }],
  ["that ends everything", { command: "destroy" }],
])("an undertaking %s passes the check of the signing key", async (_, over) => {
  expect(await problems(over)).toEqual([]);
});
