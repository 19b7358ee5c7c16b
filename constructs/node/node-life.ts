import { join } from "node:path";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import type { ITerraformDependable, Precondition, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { rememberedBy } from "../script/remembered";
import { AwsLibrary, Script } from "../script/script";
import type { Names } from "../../config/names";
import type { Instances } from "../instances";

/** Props of {@link NodeLife}. */
export interface NodeLifeProps {
  readonly nodes: Instances<"generation">;
  readonly names: Names;
  readonly site: string;
  /** Of the node at hand. */
  readonly activationId: string;
  /** How a user replaces the node, worded to continue a sentence. */
  readonly remedy: string;
  /** How many seconds a deregistration waits for tasks to end: without progress, and in all. */
  readonly drain: { readonly stall: number; readonly longest: number };
}

/** The machine of a node, for its gate. */
export interface GatedMachine {
  readonly id: string;
  /** Script whose `machine_power` asks its cloud whether it is on, and which says where to read why it isn't. */
  readonly library: string;
  /** When it was created, in RFC 3339 with seconds: earlier registrations are of other machines. */
  readonly created: string;
  /** Without which the gate fails at once. */
  readonly precondition: Precondition;
}

/**
 * A node's life across both clouds, apart from its machine: what replaces it, the proof that it has registered, and its
 * deregistration. Each part is a separate resource, since a tainted resource skips its destroy provisioner.
 */
export class NodeLife extends Construct {
  /** A node's identity: replaced with its generation, it replaces everything that belongs to the node. */
  readonly generation: NullResource;
  private readonly nodes: Instances<"generation">;
  private readonly settings: Readonly<Record<string, string>>;
  private readonly deregister: Script;
  private readonly remedy: string;
  private readonly drain: NodeLifeProps["drain"];
  /** The libraries that the scripts share. */
  private readonly libraries: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: NodeLifeProps) {
    super(scope, id);
    const { nodes, names, site, activationId, remedy, drain } = props;
    this.nodes = nodes;
    this.remedy = remedy;
    this.drain = drain;
    // The scripts find only this node by these, in ECS and in Systems Manager.
    this.settings = {
      NAME: names.deployment,
      SITE: site,
      NODE: nodes.key,
      GENERATION: nodes.get("generation"),
      ...names.settings,
      ACTIVATION_ID: activationId,
    };
    this.deregister = new Script(this, join(__dirname, "deregister.sh"));
    this.libraries = {
      AWS_LIBRARY: new AwsLibrary(this).location,
      REGISTRATIONS: new Script(this, join(__dirname, "registrations.sh")).location,
    };
    this.generation = new NullResource(this, "generation", {
      forEach: nodes.forEach,
      triggers: { generation: nodes.get("generation") },
    });
  }

  /**
   * The deregistration once more, after the machine has gone, for a machine that registered although its
   * creation failed. The machine must depend on it.
   */
  guard(): NullResource {
    return this.deregistering("guard", this.nodes.attribute(this.generation, "id"));
  }

  /** Deregisters the node while its machine lives, and before it goes. `machine` decides when it is a new one. */
  deregistration(
    machine: TerraformResource,
    machineAttribute: string,
    dependsOn: ITerraformDependable[],
  ): NullResource {
    return this.deregistering("deregistration", this.nodes.attribute(machine, machineAttribute), dependsOn);
  }

  /**
   * Waits until the node that `deregistration` will end is registered and connected, or fails.
   * @param machine what is known about its machine beforehand
   */
  gate(deregistration: NullResource, machine?: GatedMachine): NullResource {
    const script = new Script(this, join(__dirname, "await.sh"));
    // As the deregistration remembers them: a gate that is tried again waits for the same activation.
    const remembered = this.rememberedBy(this.nodes.reference(deregistration));
    return new NullResource(this, "registration", {
      forEach: this.nodes.forEach,
      triggers: { deregistration: this.nodes.attribute(deregistration, "id") },
      lifecycle: machine && { precondition: [machine.precondition] },
      provisioners: [
        script.run({
          ...remembered,
          REMEDY: this.remedy,
          ...(machine !== undefined && {
            MACHINE_CREATED: machine.created,
            MACHINE_ID: machine.id,
            MACHINE_LIBRARY: new Script(this, machine.library).location,
          }),
          ...this.libraries,
        }),
      ],
    });
  }

  /**
   * Values that an instance of the deregistration records, for the outputs of a stack.
   * @param instance an expression for it
   */
  remembered(instance: string): Readonly<Record<"activation_id" | "generation", string>> {
    const trigger = (name: string) => `\${try(${instance}.triggers.${name}, "")}`;
    return { activation_id: trigger("ACTIVATION_ID"), generation: trigger("GENERATION") };
  }

  /** The settings as an instance of a deregistration remembers them. */
  private rememberedBy(instance: string): Readonly<Record<string, string>> {
    return rememberedBy(instance, Object.keys(this.settings));
  }

  /** @param incarnation replaces it when it changes */
  private deregistering(
    phase: string,
    incarnation: string,
    dependsOn?: ITerraformDependable[],
  ): NullResource {
    return new NullResource(this, phase, {
      forEach: this.nodes.forEach,
      dependsOn,
      // Not replace_triggered_by: it does nothing when a machine that somebody has deleted is created again.
      triggers: { ...this.settings, INCARNATION: incarnation },
      provisioners: [
        this.deregister.run(
          {
            // It may read nothing but `self`, and values that are known at synthesis.
            ...this.rememberedBy("self"),
            PHASE: phase,
            DEFAULT_STALL_SECONDS: `${this.drain.stall}`,
            DEFAULT_DRAIN_SECONDS: `${this.drain.longest}`,
            ...this.libraries,
          },
          "destroy",
        ),
      ],
      lifecycle: {
        // Remembers the activation the machine was created with, whatever became of it since.
        ignoreChanges: Object.keys(this.settings).map((name) => `triggers["${name}"]`),
      },
    });
  }
}
