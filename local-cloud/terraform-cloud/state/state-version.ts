/** One version of a workspace's state. */
export interface StateVersion {
  readonly id: string;
  readonly serial: number;
  readonly lineage: string | undefined;
  /** Of the state, as hexadecimal digits. */
  readonly md5: string;
  readonly createdAt: string;
  /** The ends of its uploads' addresses. */
  readonly secret: string;
  /** File of the state; undefined until it is uploaded. */
  file: string | undefined;
  /** How many resources it holds; 0 until it is uploaded. */
  resources: number;
  /** The outputs, by id; known once it is uploaded. */
  outputs: ReadonlyMap<string, Output>;
}

export interface Output {
  readonly name: string;
  readonly value: unknown;
  /** In Terraform's JSON form of types: `"string"`, `["map", "string"]`. */
  readonly type: unknown;
  readonly sensitive: boolean;
}

/** The last version that has been uploaded. */
export function currentOf(versions: readonly StateVersion[]): StateVersion | undefined {
  return versions.findLast(({ file }) => file !== undefined);
}
