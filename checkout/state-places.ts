import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/schema";
import { writeWhole } from "./whole-file";

/** The settings that decide where the states of an environment are. */
export type StatePlace = Pick<Config, "name" | "backend">;

/**
 * Remembers where the states of the environment in this file are, until those of an earlier name or backend are known
 * to be empty: its file can be changed, and then says nothing about what runs.
 */
export function noteStatePlace(keep: string, file: string, { name, backend }: StatePlace): void {
  const place = { name, backend };
  const others = statePlaces(keep, file).filter((one) => !isDeepStrictEqual(one, place));
  save(keep, file, [...others, place]);
}

/** The places of the environment in this file, the present one last. */
export function statePlaces(keep: string, file: string): readonly StatePlace[] {
  try {
    return JSON.parse(readFileSync(recordOf(keep, file), "utf8")) as readonly StatePlace[];
  } catch {
    return [];
  }
}

/** Forgets all places but the present one. */
export function forgetFormerPlaces(keep: string, file: string): void {
  save(keep, file, statePlaces(keep, file).slice(-1));
}

function save(keep: string, file: string, places: readonly StatePlace[]): void {
  const record = recordOf(keep, file);
  mkdirSync(dirname(record), { recursive: true });
  writeWhole(record, `${JSON.stringify(places, undefined, 2)}\n`);
}

/** File that remembers the places. */
export function recordOf(keep: string, file: string): string {
  const key = createHash("sha256").update(file).digest("hex").slice(0, 16);
  return join(keep, "environments", `${key}.json`);
}
