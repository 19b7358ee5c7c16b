import { findProgram } from "./executable";

/** Programs that scripts and machines need, and the package that has each on Debian and Ubuntu. */
const needed: Readonly<Record<string, string>> = { bash: "bash", curl: "curl", gpg: "gnupg" };

/** @throws Error of one line with the programs that this computer lacks, and how to install them */
export async function requirePrograms(environment: NodeJS.ProcessEnv): Promise<void> {
  const found = await Promise.all(Object.keys(needed).map((name) => findProgram(name, environment)));
  const missing = Object.keys(needed).filter((_, index) => found[index] === undefined);
  if (missing.length > 0) {
    const packages = missing.map((name) => needed[name]).join(" ");
    throw new Error(
      `not on the PATH: ${missing.join(", ")}; install them (Debian and Ubuntu: apt-get install ${packages})`,
    );
  }
}
