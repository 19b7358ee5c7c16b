import { randomInt } from "node:crypto";
import type { Provider } from "./resource-type";

/** Stand-in for hashicorp/null: a `null_resource` exists only in the state. */
export function nullProvider(): Provider {
  return {
    address: "registry.terraform.io/hashicorp/null",
    resources: {
      null_resource: {
        forceNew: ["triggers"],
        create: () => ({ id: String(randomInt(2 ** 47)) }),
        read: (state) => state,
        remove: () => undefined,
      },
    },
  };
}
