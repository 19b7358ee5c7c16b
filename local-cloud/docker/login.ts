import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure";
import { currentPassword, registryOf, type Registry } from "./registry";

/** Takes the password of a registry from standard input and remembers it as `docker login` does. */
export function logIn(host: string, username: string): string {
  const registry = registryOf(host);
  const password = readFileSync(0, "utf8").trim();
  if (username !== "AWS" || password !== currentPassword(registry)) {
    throw new Failure(
      `Error response from daemon: login attempt to https://${host}/v2/ failed with status: 401 Unauthorized`,
    );
  }
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  writeFileSync(configFile(), JSON.stringify({ auths: { ...knownLogins(), [host]: { auth } } }), {
    mode: 0o600,
  });
  return "Login Succeeded";
}

/** @throws Failure without the login that the registry asks for */
export function requireLogin(registry: Registry): void {
  const { auth } = knownLogins()[registry.host] ?? {};
  if (auth !== Buffer.from(`AWS:${currentPassword(registry)}`).toString("base64")) {
    throw new Failure("no basic auth credentials");
  }
}

/** By the registry's host. */
function knownLogins(): Readonly<Record<string, { readonly auth: string } | undefined>> {
  try {
    const { auths = {} } = JSON.parse(readFileSync(configFile(), "utf8")) as {
      auths?: Record<string, { auth: string }>;
    };
    return auths;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return {};
    }
    throw error;
  }
}

/** Never the user's own: a login to a short-lived cloud doesn't belong there. */
function configFile(): string {
  const { DOCKER_CONFIG: folder } = process.env;
  if (folder === undefined) {
    throw new Failure("the local cloud's docker logs in only with a DOCKER_CONFIG that the caller sets");
  }
  mkdirSync(folder, { recursive: true });
  return join(folder, "config.json");
}
