/** What makes `docker` end with 1, in Docker's own words where it has any. */
export class Failure extends Error {}
