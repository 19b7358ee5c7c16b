import { describe, expect, test } from "@jest/globals";
import { bootstrapPromises, type BootstrapPromise } from "../../support/bootstrap/bootstrap-promises";
import { edited, type Edit } from "../../support/files/exact-edit";
import { bootstrapScript } from "../../support/bootstrap/machine";

/** A wrong version of bootstrap.sh, the promise that it breaks, and how that shows. */
interface Mutant {
  readonly name: string;
  readonly breaks: keyof typeof bootstrapPromises;
  readonly shows: string;
  readonly edits: readonly Edit[];
}

const wasRun = "an installer was run that had to be refused";
const withoutStep = (name: string): Edit => ({ from: `  step ${name}\n`, to: "" });
/** The refusals by gpg's words, from the first to the end of their block. */
const refusals =
  /\n {2}case "\$\{status\}" in\n {4}\*"\] BADSIG "[^]*?\n {2}esac\n/.exec(bootstrapScript)?.[0] ?? "none";

const mutants: readonly Mutant[] = [
  {
    name: "no look at the signature",
    breaks: "an installer that was changed after signing is refused",
    shows: wasRun,
    edits: [withoutStep("signature verify_installer")],
  },
  {
    name: "VALIDSIG alone taken for a good signature",
    breaks: "an installer whose signing key has expired is refused",
    shows: wasRun,
    edits: [
      { from: refusals, to: "\n" },
      { from: '${status} == *"] GOODSIG "* && ', to: "" },
    ],
  },
  {
    name: "any key that is published beside the installer taken for AWS's",
    breaks: "an installer that another key has signed is refused",
    shows: wasRun,
    edits: [{ from: '[[ ${signers} == "${SIGNING_KEY^^}" ]] ||', to: "true ||" }],
  },
  {
    name: "a damaged mark taken for another activation's",
    breaks: "a machine whose mark is damaged keeps its identity",
    shows: "an identity was cleared that may be somebody else's",
    edits: [{ from: "[[ $(marked) =~ ${UUID} ]] ||", to: "true ||" }],
  },
  {
    name: "no rule for the metadata address",
    breaks: "containers are kept from the metadata address",
    shows: "containers may read the metadata address",
    edits: [withoutStep("metadata block_metadata")],
  },
  {
    name: "the code written to the log",
    breaks: "the activation code stands in no log and on no console",
    shows: "the console shows the activation code",
    edits: [{ from: '    line=${line//"${SECRET}"/(activation code)}\n', to: "" }],
  },
  {
    name: "the configuration not written again after the installer",
    breaks: "the configuration names the cluster once, whatever the installer adds to it",
    shows: "the cluster isn't named exactly once",
    edits: [
      {
        from:
          "  # The installer skips it when it finds its own package installed.\n" +
          "  step configuration configure\n",
        to: "",
      },
    ],
  },
];

describe("bootstrap.sh keeps the promise that", () => {
  test.each(Object.entries<BootstrapPromise>(bootstrapPromises))(
    "%s",
    async (_, promise) => {
      await promise(bootstrapScript);
    },
    60_000,
  );
});

describe("the suite notices", () => {
  test.each(mutants)(
    "$name",
    async ({ breaks, shows, edits }) => {
      await expect(bootstrapPromises[breaks](edited(bootstrapScript, edits))).rejects.toThrow(
        `broken: ${shows}`,
      );
    },
    60_000,
  );
});
