import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startLifeCycle, type LifeCycle } from "../../support/deployments/life-cycle";
import { nodePromises, type NodePromise } from "../../support/deployments/node-promises";
import { dropletSite } from "../../support/observation/nodes";
import { roomFor } from "../../support/jest/room-for";
import { constructMutants } from "./construct-mutants";
import { mutateScripts, mutateStack, type Mutant } from "./mutant";
import { scriptMutants } from "./script-mutants";

const promises = Object.entries<NodePromise>(nodePromises);
const mutants = [...scriptMutants, ...constructMutants];
/** Lives at the same time: each mostly waits for its commands. */
const together = 5;

/** One short life, on a site of its own. */
interface Life {
  readonly site: string;
  readonly promise: NodePromise;
  readonly mutant: Pick<Mutant, "scripts" | "stack">;
}
const lives = new Map<string, Life>([
  ...promises.map(([name, promise], index): [string, Life] => [
    name,
    { site: `sound-${index}`, promise, mutant: {} },
  ]),
  ...mutants.map((mutant, index): [string, Life] => [
    mutant.name,
    { site: `mutant-${index}`, promise: nodePromises[mutant.breaks], mutant },
  ]),
]);
/** How each has ended: with nothing, when it kept the promise. */
const outcomes = new Map<string, Promise<string | undefined>>();

let life: LifeCycle;
const stackFile = (site: string) => join(life.folderOf(`compute-${site}`), "cdk.tf.json");

beforeAll(async () => {
  const sites = [...lives.values()].map(({ site }) => site);
  const all = (...nodes: string[]) => Object.fromEntries(sites.map((site) => [site, dropletSite(...nodes)]));
  life = await startLifeCycle({
    name: "mutants",
    sites: all("node-1", "node-2"),
    args: ["--page-size", "1"],
  });
  // The syntheses with two nodes and with one, since a synth would disturb the lives of other sites.
  const stacks = () => new Map(sites.map((site) => [site, readFileSync(stackFile(site), "utf8")]));
  const larger = stacks();
  life.configure(all("node-1"));
  const smaller = stacks();

  const live = async ({ site, promise, mutant }: Life): Promise<void> => {
    const configure = (texts: ReadonlyMap<string, string>) => () => {
      writeFileSync(stackFile(site), texts.get(site) ?? "");
      mutateStack(stackFile(site), mutant);
    };
    mutateScripts(life.folderOf(`compute-${site}`), mutant);
    configure(smaller)();
    const subject = { life, site: life.site(site) };
    await promise({ ...subject, scaleUp: configure(larger), scaleDown: configure(smaller) });
  };
  const begin = roomFor(together);
  for (const [name, one] of lives) {
    const outcome = begin(() => live(one)).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    outcomes.set(name, outcome);
  }
}, 300_000);

afterAll(async () => {
  await Promise.all(outcomes.values());
  await life.stop();
}, 900_000);

describe("what is synthesised keeps the promise that", () => {
  test.each(promises.map(([name]) => name))(
    "%s",
    async (name) => {
      expect(await outcomes.get(name)).toBeUndefined();
    },
    900_000,
  );
});

describe("the suite notices", () => {
  test.each(mutants)(
    "$name",
    async ({ name, shows }) => {
      expect(await outcomes.get(name)).toContain(`broken: ${shows}`);
    },
    900_000,
  );
});
