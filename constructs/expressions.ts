import type { TerraformResource } from "cdktf";

// Terraform's expressions, as text. CDKTF's tokens and functions would render the same, each wherever it occurs and
// several times over: most of the time that another site costs.

/** Address of a resource in its stack. */
export function addressOf(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}

/**
 * An expression for an attribute: `a.b`, or `a["b c"]`.
 * @param name an expression in braces, such as `${each.key}`, or a plain name
 */
export function partOf(expression: string, name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? `${expression}.${name}` : `${expression}[${expressionOf(name)}]`;
}

/**
 * An expression for a text: that of one in braces, such as `${each.key}`; any other in quotes.
 * @throws Error for a text with an expression somewhere in it, or with a token of CDKTF
 */
export function expressionOf(text: string): string {
  const [, expression] = /^\$\{([^{}]*)\}$/.exec(text) ?? [];
  if (text.includes("TfToken[") || (expression === undefined && /(?<!\$)\$\{|(?<!%)%\{/.test(text))) {
    throw new Error(`it is neither one expression nor without any: ${text}`);
  }
  return expression ?? JSON.stringify(text);
}

/** An expression for an object of these texts. */
export function objectOf(texts: Readonly<Record<string, string>>): string {
  const fields = Object.entries(texts).map(([name, text]) => `"${name}" = ${expressionOf(text)}`);
  return `{${fields.join(", ")}}`;
}
