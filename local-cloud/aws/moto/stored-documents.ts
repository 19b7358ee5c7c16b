import type { IncomingHttpHeaders } from "node:http";
import type { Json, JsonObject } from "../../world";

/** Members of IAM's requests that hold a policy. */
const policyMembers = ["AssumeRolePolicyDocument", "PolicyDocument"];

const operationOf = (headers: IncomingHttpHeaders): string | undefined =>
  String(headers["x-amz-target"] ?? "").split(".")[1];

/** Whether a call may hold a document that its service returns in another form. */
export function mayHoldDocuments(service: string, headers: IncomingHttpHeaders): boolean {
  return service === "iam" || (service === "ecr" && operationOf(headers) === "PutLifecyclePolicy");
}

/**
 * The body of a call with its documents as the service keeps them: JSON that means the same, but isn't identical to
 * what was sent. moto keeps it unchanged. Everything but documents stays as it is.
 */
export function withStoredDocuments(headers: IncomingHttpHeaders, body: string): string {
  if (operationOf(headers) === "PutLifecyclePolicy") {
    const { lifecyclePolicyText, ...input } = JSON.parse(body) as Readonly<Record<string, string>>;
    return JSON.stringify({
      ...input,
      ...(lifecyclePolicyText !== undefined && {
        lifecyclePolicyText: rewritten(lifecyclePolicyText, sorted),
      }),
    });
  }
  const form = new URLSearchParams(body);
  const members = policyMembers.filter((member) => form.has(member));
  members.forEach((member) =>
    form.set(
      member,
      rewritten(form.get(member) ?? "", (value) => sorted(withoutLists(value))),
    ),
  );
  return members.length === 0 ? body : form.toString();
}

function rewritten(text: string, rewrite: (value: Json) => Json): string {
  try {
    return JSON.stringify(rewrite(JSON.parse(text) as Json));
  } catch (error) {
    if (error instanceof SyntaxError) {
      return text;
    }
    throw error;
  }
}

/** A list of one value in a statement is the value itself. Source: IAM User Guide, "Grammar of the IAM JSON policy language". */
function withoutLists(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map(withoutLists);
    return items.length === 1 && typeof items[0] === "string" ? items[0] : items;
  }
  return mapped(value, withoutLists);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  return mapped(value, sorted, (entries) => entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function mapped(
  value: Json,
  change: (member: Json) => Json,
  arrange: (entries: [string, Json][]) => [string, Json][] = (entries) => entries,
): Json {
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const entries = arrange(Object.entries(value as JsonObject));
  return Object.fromEntries(entries.map(([name, member]) => [name, change(member)]));
}
