import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const folder = "/etc/systemd/system";

/** `ecs` is `ecs.service`. */
export function full(unit: string): string {
  return unit.includes(".") ? unit : `${unit}.service`;
}

/** True for a unit that a script has written. */
export function isWritten(unit: string): boolean {
  return existsSync(join(folder, full(unit)));
}

/** Values of a directive in a unit that a script has written; none for any other unit. */
export function directives(unit: string, name: string): readonly string[] {
  const path = join(folder, full(unit));
  const text = existsSync(path) ? readFileSync(path, "utf8").replaceAll(/\\\n/g, " ") : "";
  return Array.from(text.matchAll(new RegExp(`^${name}=(.*)$`, "gm")), ([, value = ""]) => value.trim());
}

/** Units that this one starts, since they were enabled. */
export function pulledInBy(unit: string): readonly string[] {
  return ["wants", "requires"]
    .map((kind) => join(folder, `${full(unit)}.${kind}`))
    .flatMap((path) => (existsSync(path) ? readdirSync(path) : []));
}

/** Enables a unit: links it into the units that its [Install] section names, multi-user.target without one. */
export function enable(unit: string): void {
  const named = ["Wanted", "Required"].flatMap((kind) => links(unit, kind));
  for (const path of isWritten(unit) ? named : [join(folder, "multi-user.target.wants")]) {
    mkdirSync(path, { recursive: true });
    rmSync(join(path, full(unit)), { force: true });
    symlinkSync(join(folder, full(unit)), join(path, full(unit)));
  }
}

export function disable(unit: string): void {
  for (const path of linkFolders()) {
    rmSync(join(path, full(unit)), { force: true });
  }
}

export function isEnabled(unit: string): boolean {
  return linkFolders().some((path) => readdirSync(path).includes(full(unit)));
}

function links(unit: string, kind: string): readonly string[] {
  const suffix = kind === "Wanted" ? "wants" : "requires";
  return directives(unit, `${kind}By`).flatMap((value) =>
    value.split(/\s+/).map((target) => join(folder, `${target}.${suffix}`)),
  );
}

function linkFolders(): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /\.(wants|requires)$/.test(name))
    .map((name) => join(folder, name));
}
