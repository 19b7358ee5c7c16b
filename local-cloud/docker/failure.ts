/** A failure that makes `docker` exit with 1, in Docker's own words where it has any. */
export class Failure extends Error {}
