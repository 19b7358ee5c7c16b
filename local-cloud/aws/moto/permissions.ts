import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  NoSuchEntityException,
} from "@aws-sdk/client-iam";
import type { MotoClient } from "./moto-client";
import { allows, type Asked, readStatements, type Statement } from "./policies";

/**
 * Whether the role's own and attached policies let it do this. A role that doesn't exist may do nothing.
 * @throws Error for a part of a policy that is not modelled
 */
export async function isPermitted(
  moto: MotoClient,
  role: string,
  asked: Asked & { readonly resource: string },
): Promise<boolean> {
  return allows(await statementsOf(moto, role), asked);
}

/**
 * Whether the role's trust policy lets a service of AWS assume it. A role that doesn't exist trusts nobody.
 * @throws Error for a part of a policy that is not modelled
 */
export async function trusts(
  moto: MotoClient,
  role: string,
  service: string,
  context: Asked["context"],
): Promise<boolean> {
  const { Role } = await existing(moto.iam.send(new GetRoleCommand({ RoleName: role })));
  const statements = readStatements(Role?.AssumeRolePolicyDocument ?? none).filter(({ Principal }) =>
    [Principal?.Service ?? []].flat().includes(service),
  );
  return allows(statements, { action: "sts:AssumeRole", ...(context && { context }) });
}

async function statementsOf({ iam }: MotoClient, RoleName: string): Promise<Statement[]> {
  const { PolicyNames = [] } = await existing(iam.send(new ListRolePoliciesCommand({ RoleName })));
  const { AttachedPolicies = [] } = await existing(
    iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
  );
  const documents = await Promise.all([
    ...PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return PolicyDocument;
    }),
    ...AttachedPolicies.map(({ PolicyArn }) => defaultVersionOf(iam, PolicyArn)),
  ]);
  return documents.flatMap((document) => readStatements(document ?? none));
}

async function defaultVersionOf(iam: IAMClient, PolicyArn: string | undefined): Promise<string | undefined> {
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  const version = { PolicyArn, VersionId: Policy?.DefaultVersionId };
  return (await iam.send(new GetPolicyVersionCommand(version))).PolicyVersion?.Document;
}

/** A document without a statement. */
const none = JSON.stringify({ Statement: [] });

/** The answer; nothing when there is no such role. */
async function existing<Answer extends object>(asking: Promise<Answer>): Promise<Partial<Answer>> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof NoSuchEntityException) {
      return {};
    }
    throw error;
  }
}
