import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { text } from "../forms";

/*
 * Every attribute is also a tag of the container instance, so its form must be valid as both. An agent whose attributes
 * or tags are rejected gives up for good. Source: Amazon ECS API Reference, Attribute and Tag; the latter doesn't allow
 * \.
 */
export const attributeName = text(
  /^[A-Za-z0-9_./-]{1,128}$/,
  "1 to 128 of letters, digits, - _ . and / (ECS accepts \\ too, but not in the tag that each attribute becomes)",
);
const attributeValue = text(
  /^(?! )(?!.* $)[A-Za-z0-9_.@/: -]{1,128}$/,
  "1 to 128 of letters, digits, - _ . / @ : and spaces inside (ECS accepts \\ too, but not in the tag that each attribute becomes)",
).refine((value) => !/^aws:/i.test(value), {
  error: "must not begin with aws:, which AWS reserves for its own tags",
});

/** Prefixes of attributes that users can't set. Source: Amazon ECS Developer Guide, "Container instance attributes". */
const reserved = {
  "anywhere.": "the prefix of the deployment's own attributes",
  "ecs.": "the prefix of attributes that ECS sets itself",
  "com.amazonaws.": "the prefix of attributes that the ECS agent reports",
} as const;

// ECS allows ten attributes per instance; the deployment uses four.
const attributes = z
  .record(attributeName, attributeValue)
  .refine((all) => Object.keys(all).length <= 6, { error: "must have at most 6 attributes" })
  .superRefine((all, context) => {
    for (const [prefix, meaning] of Object.entries(reserved)) {
      if (Object.keys(all).some((name) => name.startsWith(prefix))) {
        context.addIssue({
          code: "custom",
          message: `must not have a name that begins with ${prefix}, ${meaning}`,
        });
      }
    }
  });

/** A node of any kind of site. */
export const serverSpec = z.strictObject({
  attributes: attributes.optional().describe("Further ECS attributes of the node."),
  replacement: z.int().min(0).optional().describe("Increase by one to replace this node."),
});

/** The same, validated. */
export type NodeSpec = DeepReadonly<z.output<typeof serverSpec>>;
