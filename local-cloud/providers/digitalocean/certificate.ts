import { deleteOnceUnused, doing, type DigitalOceanClient } from "./client";
import { seconds } from "../duration";
import { PartialError, type ResourceType } from "../resource-type";
import { isSame, type Obj, text } from "../value";

/** A certificate as the API shows it. */
export interface Certificate {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly not_after: string;
  readonly sha1_fingerprint: string;
  readonly dns_names: readonly string[];
}

/** Source: the provider's own limits; a creation's can be configured. */
const defaultSeconds = { create: 600, delete: 30 };

/** `digitalocean_certificate`, whose id is its name: an automatic renewal changes the API's id. */
export function certificateType(client: DigitalOceanClient): ResourceType {
  const { call, wait } = client;
  return {
    forceNew: ["name", "type", "domains"],
    defaults: { type: "custom" },
    check: ({ type, domains }) => {
      if (type !== "lets_encrypt" || isSame(domains, null)) {
        throw new Error("The stand-in provider only makes certificates of type lets_encrypt, with domains.");
      }
    },
    create: async (wanted) => {
      const body = { name: wanted.name, type: wanted.type, dns_names: wanted.domains };
      const creation = call<{ certificate: Certificate }>("POST", "/v2/certificates", body);
      const { id: uuid, name } = (await doing("creating Certificate", creation)).certificate;
      const get = async (): Promise<Certificate> =>
        (await call<{ certificate: Certificate }>("GET", `/v2/certificates/${uuid}`)).certificate;
      const isVerified = async (): Promise<boolean> => {
        const { state } = await get();
        if (state !== "verified" && state !== "pending") {
          throw new Error(`unexpected state '${state}', wanted target 'verified'. last error: %!s(<nil>)`);
        }
        return state === "verified";
      };
      try {
        const limit = seconds(wanted.timeouts, "create", defaultSeconds.create);
        const verified = wait("state to become 'verified'", limit, isVerified);
        await doing(`waiting for certificate (${name}) to become active`, verified);
        return show(await get());
      } catch (error) {
        throw new PartialError(error instanceof Error ? error.message : String(error), { id: name, uuid });
      }
    },
    read: async ({ id }) => {
      const found = await doing("retrieving Certificate", findCertificate(client, text(id)));
      return found === undefined ? null : show(found);
    },
    remove: async ({ id }) => {
      const { id: uuid } = await doing("retrieving Certificate", requireCertificate(client, text(id)));
      const isInUse = /Make sure the certificate is not in use before deleting it/;
      const deletion = deleteOnceUnused(client, `/v2/certificates/${uuid}`, {
        limit: defaultSeconds.delete,
        isInUse: ({ status, message }) => status === 403 && isInUse.test(message),
      });
      await doing("deleting Certificate", deletion);
    },
  };
}

/** The certificate of this name, if there is one. */
export async function findCertificate(
  { call }: DigitalOceanClient,
  name: string,
): Promise<Certificate | undefined> {
  const path = `/v2/certificates?name=${encodeURIComponent(name)}`;
  const { certificates } = await call<{ certificates: readonly Certificate[] }>("GET", path);
  return certificates[0];
}

/** The certificate of this name. @throws Error, in the provider's words, when there is none */
export async function requireCertificate(client: DigitalOceanClient, name: string): Promise<Certificate> {
  const found = await findCertificate(client, name);
  if (found === undefined) {
    throw new Error("certificate not found");
  }
  return found;
}

function show({ id, name, type, state, not_after, sha1_fingerprint, dns_names }: Certificate): Obj {
  return {
    id: name,
    uuid: id,
    name,
    type,
    state,
    not_after,
    sha1_fingerprint,
    domains: dns_names,
  };
}
