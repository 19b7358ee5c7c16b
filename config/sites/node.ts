import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { text } from "../forms";

/*
 * Every attribute is a tag of the container instance as well, so that it takes what both do. An agent whose attributes
 * or tags are refused gives up for good. Source: Amazon ECS API Reference, Attribute and Tag; the latter has no \.
 */
export const attributeName = text(
  /^[A-Za-z0-9_./-]{1,128}$/,
  "1 to 128 of letters, digits, - _ . and / (ECS takes \\ too, but not in the tag that each attribute becomes)",
);
const attributeValue = text(
  /^(?! )(?!.* $)[A-Za-z0-9_.@/: -]{1,128}$/,
  "1 to 128 of letters, digits, - _ . / @ : and spaces inside (ECS takes \\ too, but not in the tag that each attribute becomes)",
).refine((value) => !/^aws:/i.test(value), {
  error: "must not begin with aws:, which AWS keeps for its own tags",
});

/** Prefixes of attributes that are not the user's. Source: Amazon ECS Developer Guide, "Container instance attributes". */
const reserved = {
  "anywhere.": "which names the deployment's own attributes",
  "ecs.": "which names the attributes that ECS sets itself",
  "com.amazonaws.": "which names what the ECS agent tells of itself",
} as const;

// ECS allows ten attributes an instance; four are the deployment's.
const attributes = z
  .record(attributeName, attributeValue)
  .refine((all) => Object.keys(all).length <= 6, { error: "must be 6 attributes at most" })
  .superRefine((all, context) => {
    for (const [prefix, meaning] of Object.entries(reserved)) {
      if (Object.keys(all).some((name) => name.startsWith(prefix))) {
        context.addIssue({ code: "custom", message: `must not begin with ${prefix}, ${meaning}` });
      }
    }
  });

/** A node of any kind of site. */
export const serverSpec = z.strictObject({
  attributes: attributes.optional().describe("More ECS attributes of the node."),
  replacement: z.int().min(0).optional().describe("Raise by one to replace this node."),
});

/** The same, validated. */
export type NodeSpec = DeepReadonly<z.output<typeof serverSpec>>;
