import { TerraformElement, TerraformOutput, TerraformStack, type TerraformRemoteState } from "cdktf";
import type { Construct, Node } from "constructs";
import { namesOf, type Names } from "../config/names";
import type { Config } from "../config/schema";
import { PlainLocal } from "../constructs/plain-local";
import { createBackend, type StateBackend } from "./backend";

/** A stack with readable addresses and a state that its readers find from any machine. */
export abstract class ProjectStack extends TerraformStack {
  protected readonly names: Names;
  private readonly backend: StateBackend;

  constructor(
    scope: Construct,
    id: string,
    protected readonly config: Config,
  ) {
    super(scope, id);
    this.names = namesOf(config);
    this.backend = createBackend(this, config.backend, this.names.state(id));
    const { accountId: account, region } = config.aws;
    new TerraformOutput(this, "deployment", {
      description: "Identity of the deployment that this stack belongs to: it can't change.",
      value: { name: config.name, account, region },
      sensitive: false,
    });
  }

  /** The state of `producer`, as a data source of this stack, which from now on is deployed after it. */
  stateOf(producer: ProjectStack): TerraformRemoteState {
    this.addDependency(producer);
    return producer.backend.readBy(this, producer.node.id);
  }

  /** Nothing is resolved in advance: that only adds a backend and references to other stacks, which are all explicit here. */
  override prepareStack(): void {}

  /**
   * Providers have their full addresses: OpenTofu takes a short one for another provider, in its own registry, and would
   * leave lock files and states behind that Terraform can't use. Plain locals have their values, in which CDKTF would
   * look for tokens.
   */
  override toTerraform(): object {
    const json = super.toTerraform() as {
      readonly terraform: { readonly required_providers?: Providers };
      readonly locals: Record<string, unknown>;
    };
    for (const provider of Object.values(json.terraform.required_providers ?? {})) {
      provider.source = wholeAddress(provider.source);
    }
    for (const local of this.node.findAll().filter((element) => element instanceof PlainLocal)) {
      json.locals[local.friendlyUniqueId] = local.values;
    }
    return json;
  }

  /**
   * Addresses are a public interface: `digitalocean_droplet.node`, not `…_nodes_node_8F3A21C9`. An element
   * is named by its own id, which must be unique for its type within the stack; Terraform rejects the
   * JSON otherwise, and so does synthesis.
   */
  protected allocateLogicalId(element: TerraformElement | Node): string {
    return (TerraformElement.isTerraformElement(element) ? element.node : element).id;
  }
}

type Providers = Readonly<Record<string, { source: string }>>;

/** Source: Terraform Language, "Provider Requirements", Source Addresses. */
function wholeAddress(source: string): string {
  const given = source.split("/");
  return [...["registry.terraform.io", "hashicorp"].slice(0, 3 - given.length), ...given].join("/");
}
