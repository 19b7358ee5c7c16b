import { type MotoClient, MotoError, textsOf } from "./moto-client";
import { allows, type Asked, readStatements, type Statement } from "./policies";

/**
 * Whether the role's own and attached policies let it do this. A role that there isn't may do nothing.
 * @throws Error for what of a policy is not modelled
 */
export async function isPermitted(
  moto: MotoClient,
  role: string,
  asked: Asked & { readonly resource: string },
): Promise<boolean> {
  return allows(await statementsOf(moto, role), asked);
}

/**
 * Whether the role's trust policy lets a service of AWS assume it. A role that there isn't trusts nobody.
 * @throws Error for what of a policy is not modelled
 */
export async function trusts(
  moto: MotoClient,
  role: string,
  service: string,
  context: Asked["context"],
): Promise<boolean> {
  const documents = await existing(moto.iam("GetRole", { RoleName: role }));
  const statements = textsOf(documents ?? "", "AssumeRolePolicyDocument")
    .flatMap(readStatements)
    .filter(({ Principal }) => [Principal?.Service ?? []].flat().includes(service));
  return allows(statements, { action: "sts:AssumeRole", ...(context && { context }) });
}

async function statementsOf(moto: MotoClient, role: string): Promise<Statement[]> {
  const RoleName = role;
  const answers = await existing(
    (async () => {
      const own = textsOf(await moto.iam("ListRolePolicies", { RoleName }), "member").map((PolicyName) =>
        moto.iam("GetRolePolicy", { RoleName, PolicyName }),
      );
      const attached = textsOf(await moto.iam("ListAttachedRolePolicies", { RoleName }), "PolicyArn").map(
        async (PolicyArn) => {
          const [VersionId = ""] = textsOf(await moto.iam("GetPolicy", { PolicyArn }), "DefaultVersionId");
          return moto.iam("GetPolicyVersion", { PolicyArn, VersionId });
        },
      );
      return Promise.all([...own, ...attached]);
    })(),
  );
  return (answers ?? []).flatMap((answer) =>
    [...textsOf(answer, "PolicyDocument"), ...textsOf(answer, "Document")].flatMap(readStatements),
  );
}

/** What is answered; undefined when there is no such thing. */
async function existing<Answer>(asking: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof MotoError && error.code === "NoSuchEntity") {
      return undefined;
    }
    throw error;
  }
}
