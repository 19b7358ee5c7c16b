/** The same environment with another value at a path such as `sites.ams3.size`; undefined takes the setting out. */
export function changed(environment: unknown, path: string, value: unknown): unknown {
  const change = (at: unknown, [name, ...rest]: readonly string[]): unknown => {
    if (name === undefined) {
      return value;
    }
    const members = (at ?? {}) as Readonly<Record<string, unknown>>;
    return { ...members, [name]: change(members[name], rest) };
  };
  return change(environment, path.split("."));
}
