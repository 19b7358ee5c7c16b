import { z } from "zod";
import { invalid } from "../api/api-error";
import { newId } from "./account";
import type { Output } from "./state-version";

const file = z.object({
  version: z.literal(4),
  serial: z.int(),
  lineage: z.string(),
  outputs: z
    .record(
      z.string(),
      z.object({ value: z.unknown(), type: z.unknown(), sensitive: z.boolean().default(false) }),
    )
    .default({}),
  resources: z
    .array(z.object({ mode: z.enum(["managed", "data"]), instances: z.array(z.unknown()) }))
    .nullish(),
});

/** The parts of a state that HCP Terraform reads. @throws ApiError 422 when it doesn't have Terraform's format 4 */
export function parseState(text: string) {
  const { success, data } = file.safeParse(parsed(text));
  if (!success) {
    throw invalid("The state isn't one of Terraform's format 4");
  }
  const managed = (data.resources ?? []).filter(({ mode }) => mode === "managed");
  const outputs = new Map<string, Output>(
    Object.entries(data.outputs).map(([name, output]) => [newId("wsout"), { name, ...output }]),
  );
  return {
    serial: data.serial,
    lineage: data.lineage,
    resources: managed.reduce((sum, { instances }) => sum + instances.length, 0),
    outputs,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
