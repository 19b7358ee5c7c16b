import { z } from "zod";
import { canonicalRange } from "./addresses";

/** A text of this form. The form completes a message that begins with the setting's path and `must be`. */
export function text(pattern: RegExp, form: string) {
  return z.string().regex(pattern, { error: `must be ${form}`, abort: true });
}

/** First part of every name in both clouds. Names are joined by `--`, so none may contain it. */
export const deploymentName = text(
  /^(?=.{3,20}$)[a-z](-?[a-z0-9])*$/,
  "3 to 20 of a-z, 0-9 and -, starting with a letter, not ending with - and without --",
);

/** Name of a site or a node: part of stack ids, Terraform addresses, tags and host names. */
export const key = text(
  /^(?=.{1,24}$)[a-z](-?[a-z0-9])*$/,
  "1 to 24 of a-z, 0-9 and -, starting with a letter, not ending with - and without --",
).refine((name) => name !== "constructor", {
  error: "must not be constructor, a name that no part of a stack can have",
});

/** Regions whose ARNs and endpoints are not those of the partition `aws`. Source: AWS General Reference, ARNs. */
const otherPartitions = /^(cn|us-gov|us-iso[a-z]?|eu-iso[a-z]?|eusc)-/;

export const awsRegion = text(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, "an AWS region such as eu-west-1").refine(
  (region) => !otherPartitions.test(region),
  {
    error:
      "must be a region of the partition aws: China, GovCloud, the European Sovereign Cloud and the isolated regions have their own ARNs and endpoints, which aren't supported",
  },
);

export const port = z.int().min(1).max(65535);

/**
 * A folder on the machine that synthesises. The same text is also in Terraform's JSON, where `${` and `%{` begin an
 * expression, and in its backend blocks, where nothing can be escaped.
 */
export const folder = text(
  // Only shells replace a ~ with the home folder.
  /^(?!~)(?!.*[$%]\{)\P{Cc}+$/u,
  "a path without ${, %{ and control characters that doesn't start with ~",
);

/** The problem with an object whose form depends on one of its settings: that setting, or that it isn't an object. */
export const oneOfKinds =
  (setting: string, kinds: readonly string[]) =>
  ({ code }: { readonly code: string }): string => {
    const disjunction = new Intl.ListFormat("en-GB", { type: "disjunction" });
    const known = disjunction.format(kinds.map((kind) => JSON.stringify(kind)));
    return code === "invalid_type" ? `must be an object whose ${setting} is ${known}` : `must be ${known}`;
  };

/** A range of addresses in the form DigitalOcean returns it in: in any other, every plan would change it. */
export const addressRange = z
  .string()
  .refine((range) => canonicalRange(range) !== undefined, {
    error: "must be an address range such as 203.0.113.0/24",
    abort: true,
  })
  .refine((range) => canonicalRange(range) === range, {
    error: ({ input }) =>
      `must be written with the first address of the range, in its short form: ${canonicalRange(String(input))}`,
  });

// Source: RFC 1035, 2.3.4: labels of 63 characters, names of 255 octets, which are 253 characters.
const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

/** Host name, for which a certificate is issued or under which an API is reached. */
export const patterns = {
  domain: new RegExp(String.raw`^(?=.{4,253}$)(\*\.)?(${label}\.)+(?=[a-z])${label}$`),
  host: new RegExp(String.raw`^(?=.{1,253}(:|$))${label}(\.${label})*(:[1-9]\d{0,4})?$`),
} as const;
