import { expect, test } from "@jest/globals";
import { bootstrapSettings, installer, lastLine } from "../support/bootstrap/machine";
import { signWithNewKey, type Signed } from "../support/bootstrap/signing";
import { useMachine } from "../support/bootstrap/use-machine";

const stage = useMachine();

const refusals: readonly (readonly [
  string,
  () => readonly [string, Pick<Signed, "signature" | "publicKey">, string],
  string,
])[] = [
  [
    "changed after signing",
    () => [`${installer}# one more line\n`, stage.signed, stage.signed.fingerprint],
    "does not match its signature",
  ],
  [
    "not signed",
    () => [installer, { ...stage.signed, signature: "" }, stage.signed.fingerprint],
    "no valid signature",
  ],
  [
    "signed by another key, which is published in place of the pinned one",
    () => {
      const other = signWithNewKey(installer);
      return [installer, other, stage.signed.fingerprint];
    },
    "was signed by",
  ],
  [
    "signed by another key beside the pinned one",
    () => {
      const other = signWithNewKey(installer);
      return [
        installer,
        { ...other, publicKey: stage.signed.publicKey + other.publicKey },
        stage.signed.fingerprint,
      ];
    },
    "was signed by",
  ],
  [
    "signed by a key that is not published",
    () => [
      installer,
      { ...signWithNewKey(installer), publicKey: stage.signed.publicKey },
      stage.signed.fingerprint,
    ],
    "was signed by an unknown key",
  ],
  [
    "signed by a key that has expired",
    () => {
      const expired = signWithNewKey(installer, "expired");
      return [installer, expired, expired.fingerprint];
    },
    "signing key has expired",
  ],
  [
    "signed for a time that is over",
    () => {
      const lapsed = signWithNewKey(installer, "signature-expired");
      return [installer, lapsed, lapsed.fingerprint];
    },
    "signature has expired",
  ],
  [
    "signed by a key that was revoked",
    () => {
      const revoked = signWithNewKey(installer, "revoked");
      return [installer, revoked, revoked.fingerprint];
    },
    "signing key has been revoked",
  ],
  [
    "signed by the pinned key and by another",
    () => {
      const other = signWithNewKey(installer);
      const signature = stage.signed.signature + other.signature;
      return [
        installer,
        { signature, publicKey: stage.signed.publicKey + other.publicKey },
        stage.signed.fingerprint,
      ];
    },
    "",
  ],
  [
    "published beside a key that is none",
    () => [installer, { ...stage.signed, publicKey: "<html>" }, stage.signed.fingerprint],
    "key cannot be read",
  ],
];

test.each(refusals)("an installer is refused and not run when it is %s", async (_, arrange, reason) => {
  const [script, published, pinned] = arrange();
  stage.machine.publish(script, published);
  const { status, output } = await stage.machine.bootstrap(bootstrapSettings(pinned));
  expect(status).toBe(1);
  expect(lastLine(output)).toMatch(/^anywhere: FAILED signature: the /);
  expect(lastLine(output)).toContain(reason);
  expect(stage.machine.read("var/log/anywhere-bootstrap.log")).toContain(lastLine(output));
  expect(stage.machine.exists("installer-arguments")).toBe(false);
});

test("the pinned fingerprint may be written in lower case", async () => {
  expect(
    await stage.machine.bootstrap(bootstrapSettings(stage.signed.fingerprint.toLowerCase())),
  ).toMatchObject({
    status: 0,
  });
});
