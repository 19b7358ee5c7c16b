import { bootstrapSettings, code, installer, Machine } from "./machine";
import { signWithNewKey, type Signed } from "./signing";

/** A run of a version of bootstrap.sh. @throws Error that says which promise was broken, and how */
export type BootstrapPromise = (script: string) => Promise<void>;

/** The promises of a node's first boot. */
export const bootstrapPromises = {
  "an installer that was changed after signing is refused": (script) => {
    const signed = signWithNewKey(installer);
    return refuses(script, signed, `${installer}# one more line\n`);
  },

  "an installer whose signing key has expired is refused": (script) =>
    refuses(script, signWithNewKey(installer, "expired"), installer),

  "an installer that another key has signed is refused": (script) => {
    const { signature, publicKey } = signWithNewKey(installer);
    return refuses(script, { ...signWithNewKey(installer), signature, publicKey }, installer);
  },

  "a machine whose mark is damaged keeps its identity": (script) =>
    booted(
      script,
      signWithNewKey(installer),
      installer,
      (machine, status) => {
        keep(
          machine.exists("var/lib/ecs/data/agent.db"),
          "an identity was cleared that may be somebody else's",
        );
        keep(status === 1, "a bootstrap ends well on a machine that somebody else may have registered");
      },
      (machine) => {
        machine.write("etc/ecs/anywhere.activation", "0a1b2c3d-0000-");
        machine.write("var/lib/ecs/data/agent.db", "");
      },
    ),

  "containers are kept from the metadata address": (script) =>
    booted(script, signWithNewKey(installer), installer, (machine, status) => {
      keep(status === 0, "a good installer is refused");
      keep(
        machine.journal.some((call) => call.includes("-I DOCKER-USER -d 169.254.169.254/32 -j REJECT")),
        "containers may read the metadata address",
      );
      keep(
        machine.read("etc/systemd/system/anywhere-metadata.service").includes("RequiredBy=docker.service"),
        "containers may read the metadata address after a reboot",
      );
    }),

  "the activation code stands in no log and on no console": (script) =>
    booted(script, signWithNewKey(installer), installer, (machine, status, output) => {
      keep(status === 0, "a good installer is refused");
      keep(output.includes("registering with"), "the installer's words are kept back");
      keep(!output.includes(code), "the console shows the activation code");
      keep(!machine.read("var/log/anywhere-bootstrap.log").includes(code), "the log has the activation code");
    }),

  "the configuration names the cluster once, whatever the installer adds to it": (script) =>
    booted(script, signWithNewKey(installer), installer, (machine, status) => {
      keep(status === 0, "a good installer is refused");
      const lines = machine.read("etc/ecs/ecs.config").split("\n");
      keep(
        lines.filter((line) => line === "ECS_CLUSTER=shop").length === 1,
        "the cluster isn't named exactly once",
      );
    }),
} satisfies Readonly<Record<string, BootstrapPromise>>;

function keep(kept: boolean, broken: string): void {
  if (!kept) {
    throw new Error(`broken: ${broken}`);
  }
}

function refuses(script: string, signed: Signed, published: string): Promise<void> {
  return booted(script, signed, published, (machine, status, output) => {
    keep(!machine.exists("installer-arguments"), "an installer was run that had to be refused");
    keep(status === 1, "a bootstrap ends well without its installer");
    keep(output.includes("FAILED signature: "), "a refusal isn't told");
  });
}

async function booted(
  script: string,
  signed: Signed,
  published: string,
  look: (machine: Machine, status: number | null, output: string) => void,
  prepare: (machine: Machine) => void = () => undefined,
): Promise<void> {
  const machine = new Machine(signed, { id: "ubuntu", version: "24.04" });
  try {
    prepare(machine);
    machine.publish(published, signed);
    const { status, output } = await machine.bootstrap(bootstrapSettings(signed.fingerprint), script);
    look(machine, status, output);
  } finally {
    machine.remove();
  }
}
