/**
 * Triggers of an instance of a null resource, by name: `self` in a destroy provisioner, which may read nothing else.
 * Triggers that an earlier release didn't know when it created the instance are empty: the scripts allow for that.
 */
export function rememberedBy(instance: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `\${lookup(${instance}.triggers, "${name}", "")}`]));
}
