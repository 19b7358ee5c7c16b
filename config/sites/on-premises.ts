import { z } from "zod";
import { key } from "../forms";
import { serverSpec } from "./node";

/** Servers that somebody else runs. */
export const onPremisesSite = z.strictObject({
  kind: z.literal("on-premises"),
  nodes: z.record(key, serverSpec).describe("The servers by name."),
  // Source: AWS Systems Manager API Reference, CreateActivation: at most 30 days.
  activationDays: z.int().min(1).max(30).default(7).describe("Days within which a server has to register."),
  awaitNodes: z.boolean().default(false).describe("Whether a deploy waits for the servers to register."),
});
