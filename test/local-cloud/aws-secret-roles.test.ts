import { expect, test } from "@jest/globals";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth } from "../support/synthesis/synth";
import { denied, parameter, useSecrets } from "./aws-secrets-stage";

const stage = useSecrets();

/** The execution role of a service with these settings. */
function roleOf(settings: {
  readonly secrets: Readonly<Record<string, string>>;
  readonly secretKeys?: string[];
}) {
  const services = { web: { ...oneSite.services.web, ...settings } };
  const stack = stackOf(synth({ ...oneSite, services }), "control-plane");
  return stage().roleWithPolicy(stack.locals["execution_secrets"]?.["web"] as string | undefined);
}

/** The same ARN without the six characters that Secrets Manager has put behind the name. */
const partial = (arn: string) => arn.replace(/-\w{6}$/, "");

test.each<[string, () => string]>([
  ["whole", () => stage().secret],
  ["partial", () => partial(stage().secret)],
])("a deployment's execution role reads its secrets by %s ARNs", async (_label, arn) => {
  const secrets = { WHOLE: arn(), PASSWORD: `${arn()}:password::`, KEY: `${parameter}/shop/key` };
  const { environment } = await stage().start(await roleOf({ secrets }), secrets);
  expect(environment).toMatchObject({
    WHOLE: '{"password":"hunter2","port":5432}',
    PASSWORD: "hunter2",
    KEY: "value of /shop/key",
  });
});

test("a deployment's execution role reads a secret whose name ends like the suffix of a whole ARN", async () => {
  const ambiguous = await stage().createSecret("shop-secret", "odd");
  const secrets = { ODD: partial(ambiguous) };
  expect(secrets.ODD).toMatch(/:shop-secret$/);
  const { environment } = await stage().start(await roleOf({ secrets }), secrets);
  expect(environment).toMatchObject({ ODD: "odd" });
});

test("a deployment's execution role decrypts only with the keys that are named", async () => {
  const secrets = { SEALED: stage().sealed, PARAMETER: `${parameter}/shop/sealed` };
  const { environment } = await stage().start(await roleOf({ secrets, secretKeys: [stage().key] }), secrets);
  expect(environment).toMatchObject({ SEALED: "sealed", PARAMETER: "value of /shop/sealed" });

  const other = stage().key.replace(/[0-9a-f]{12}$/, "000000000000");
  for (const secretKeys of [[], [other]]) {
    const role = await roleOf({ secrets, secretKeys });
    expect((await stage().start(role, { SEALED: stage().sealed })).task?.stoppedReason).toMatch(
      /sealed-\w+: AccessDeniedException: Access to KMS is not allowed$/,
    );
    expect((await stage().start(role, { PARAMETER: secrets.PARAMETER })).task?.stoppedReason).toMatch(
      denied("kms:Decrypt"),
    );
  }
});

test("a deployment's execution role reads only its own secrets", async () => {
  const role = await roleOf({ secrets: { PASSWORD: `${partial(stage().secret)}:password::` } });
  expect((await stage().start(role, { SEALED: stage().sealed })).task?.stoppedReason).toMatch(
    denied("secretsmanager:GetSecretValue"),
  );
  expect((await stage().start(role, { KEY: `${parameter}/shop/key` })).task?.stoppedReason).toMatch(
    denied("ssm:GetParameters"),
  );
});
