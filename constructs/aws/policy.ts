/** Conditions of an IAM statement: operator → condition key → values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** A statement of an IAM policy. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: { readonly Service: string };
  readonly Condition?: Conditions;
}

/** A policy document as JSON. */
export function policy(...statements: readonly Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Lets a role send to topics and queues that this key encrypts. Source: Amazon SNS Developer Guide, "Key management". */
export function useOfKey(arn: string | undefined): Statement[] {
  return arn === undefined
    ? []
    : [{ Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: arn }];
}

/** Lets an AWS service assume the role, only on behalf of what the conditions name. */
export function trust(service: string, conditions: Conditions): string {
  return policy({
    Effect: "Allow",
    Principal: { Service: service },
    Action: "sts:AssumeRole",
    Condition: conditions,
  });
}
