/**
 * Triggers of an instance of a null resource, by name: `self` in a destroy provisioner, which may read nothing else.
 * What an earlier release did not know when it made the instance is empty: the scripts see to it.
 */
export function rememberedBy(instance: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `\${lookup(${instance}.triggers, "${name}", "")}`]));
}
