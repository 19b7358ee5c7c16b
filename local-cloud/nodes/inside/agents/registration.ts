import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { callAws, textOf } from "./cloud";
import type { Settings } from "../settings";

/** A machine's identity in Systems Manager, as its disk remembers it. */
export interface Registration {
  readonly managedInstanceId: string;
  readonly region: string;
}

export const ssmAgent = { name: "amazon-ssm-agent", version: "3.3.3270.0" };

const registrationKey = "/var/lib/amazon/ssm/Vault/Store/RegistrationKey";

/** Registers this machine with a hybrid activation: `amazon-ssm-agent -register`. */
export async function register(
  settings: Settings,
  activation: { readonly id: string; readonly code: string; readonly region: string },
): Promise<Registration> {
  const answer = await callAws(
    settings,
    `${ssmAgent.name}/${ssmAgent.version}`,
    "ssm",
    "RegisterManagedInstance",
    {
      ActivationId: activation.id,
      ActivationCode: activation.code,
      Fingerprint: settings.machine,
      PublicKey: settings.machine,
      PublicKeyType: "Rsa",
    },
  );
  const managedInstanceId = textOf(answer, "InstanceId");
  if (managedInstanceId === undefined) {
    throw new Error("RegisterManagedInstance: the answer has no InstanceId");
  }
  const path = join(settings.root, registrationKey);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify({ instanceID: managedInstanceId, region: activation.region })}\n`, {
    mode: 0o600,
  });
  return { managedInstanceId, region: activation.region };
}

/** The registration on this machine's disk, if there is one. */
export async function readRegistration(settings: Settings): Promise<Registration | undefined> {
  const text = await readIfThere(join(settings.root, registrationKey));
  const key: unknown = text === "" ? {} : JSON.parse(text);
  const managedInstanceId = textOf(key, "instanceID");
  const region = textOf(key, "region");
  return managedInstanceId === undefined || region === undefined ? undefined : { managedInstanceId, region };
}

/** A file's text; empty when there is no such file. */
export async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return "";
    }
    throw error;
  }
}
