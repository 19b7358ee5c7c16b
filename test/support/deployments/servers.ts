import { readFileSync } from "node:fs";
import { join } from "node:path";
import { signingKeyFingerprint } from "../../../local-cloud/nodes/origin/signature";
import { bootstrapScript } from "../bootstrap/machine";
import type { LifeCycle } from "./life-cycle";
import type { SiteSettings } from "./sample-environment";

/** A site on premises with these servers, which its deployment waits for. */
export function serverSite(...nodes: readonly string[]): SiteSettings {
  return {
    kind: "on-premises",
    nodes: Object.fromEntries(nodes.map((node) => [node, {}])),
    awaitNodes: true,
  };
}

/** The script that makes a server a node, run there as root: the settings, then bootstrap.sh and its parts. */
export async function serverScript(life: LifeCycle, site: string, node: string): Promise<string> {
  const { locals, resource } = JSON.parse(
    readFileSync(join(life.folderOf(`compute-${site}`), "cdk.tf.json"), "utf8"),
  ) as StackOfServers;
  const { triggers } = resource.null_resource.deregistration;
  const { generation, attributes, activation } = locals.nodes[node] ?? {};
  const { id, code } = await life.activation(activation ?? "");
  const settings = {
    NAME: triggers.NAME,
    SITE: triggers.SITE,
    NODE: node,
    GENERATION: generation,
    CLUSTER: triggers.CLUSTER,
    AWS_REGION: triggers.AWS_REGION,
    ACTIVATION_ID: id,
    ACTIVATION_CODE: code,
    SIGNING_KEY: signingKeyFingerprint,
    ATTRIBUTES: attributes,
  };
  const lines = Object.entries(settings).map(([name, value]) => `export ${name}='${value ?? ""}'`);
  return ["#!/usr/bin/env bash", ...lines, bootstrapScript].join("\n");
}

/** The parts of a compute stack's JSON that hold what a server's administrator needs. */
interface StackOfServers {
  readonly locals: {
    readonly nodes: Readonly<
      Record<string, Readonly<Record<"generation" | "attributes" | "activation", string>>>
    >;
  };
  readonly resource: {
    readonly null_resource: {
      readonly deregistration: { readonly triggers: Readonly<Record<string, string>> };
    };
  };
}
