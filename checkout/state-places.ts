import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/schema";
import { writeWhole } from "./whole-file";

/** The settings that decide where the states of an environment are. */
export type StatePlace = Pick<Config, "name" | "backend">;

/** Where the states of the environment in a file have been. */
interface Places {
  readonly file: string;
  /** The present place last. */
  readonly places: readonly StatePlace[];
}

/**
 * Remembers where the states of the environment in this file are, until those of an earlier name or backend are known
 * to be empty: its file can be changed, and then says nothing about what runs.
 */
export function noteStatePlace(keep: string, file: string, { name, backend }: StatePlace): void {
  const place = { name, backend };
  const others = statePlaces(keep, file).filter((one) => !isDeepStrictEqual(one, place));
  save(keep, { file, places: [...others, place] });
}

/** The places of the environment in this file, the present one last. */
export function statePlaces(keep: string, file: string): readonly StatePlace[] {
  return read(recordOf(keep, file))?.places ?? [];
}

/** Forgets all places but the present one and these. */
export function forgetFormerPlaces(keep: string, file: string, kept: readonly StatePlace[]): void {
  save(keep, { file, places: [...kept, ...statePlaces(keep, file).slice(-1)] });
}

/** The other environment files that have described a deployment of one of these names, and still exist. */
export function otherFiles(keep: string, file: string, names: readonly string[]): readonly string[] {
  const folder = folderOf(keep);
  const records = existsSync(folder) ? readdirSync(folder) : [];
  return records
    .flatMap((record) => read(join(folder, record)) ?? [])
    .filter(({ places }) => places.some(({ name }) => names.includes(name)))
    .map((record) => record.file)
    .filter((other) => other !== file && existsSync(other))
    .sort();
}

function read(record: string): Places | undefined {
  try {
    const written = JSON.parse(readFileSync(record, "utf8")) as Places | StatePlace[];
    // Earlier records don't name their file.
    return Array.isArray(written) ? { file: "", places: written } : written;
  } catch {
    return undefined;
  }
}

function save(keep: string, places: Places): void {
  mkdirSync(folderOf(keep), { recursive: true });
  writeWhole(recordOf(keep, places.file), `${JSON.stringify(places, undefined, 2)}\n`);
}

/** File that remembers the places. */
export function recordOf(keep: string, file: string): string {
  const key = createHash("sha256").update(file).digest("hex").slice(0, 16);
  return join(folderOf(keep), `${key}.json`);
}

const folderOf = (keep: string): string => join(keep, "environments");
