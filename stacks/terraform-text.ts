/**
 * The same value with every text in it written so that Terraform reads back what it is: in Terraform's JSON, `${` and
 * `%{` begin an expression wherever they occur. Applied once, where a config enters the stacks, so that everything a
 * user writes is data; the references that constructs write are left alone. Nothing else may apply it again, and texts
 * in Terraform's backend blocks, which are not evaluated, must not need it (see config/backend.ts).
 */
export function asTerraformText<T>(value: T): T {
  return map(value) as T;
}

function map(value: unknown): unknown {
  if (typeof value === "string") {
    return value.replace(/[$%]\{/g, (sequence) => sequence.slice(0, 1) + sequence);
  }
  if (Array.isArray(value)) {
    return value.map(map);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, map(inner)]));
  }
  return value;
}
