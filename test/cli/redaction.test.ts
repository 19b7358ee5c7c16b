import { expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { redact } from "../../cli/terraform/redaction";
import { parseState } from "../../cli/terraform/state-file";

test("secrets are hidden in output, even where one contains another", () => {
  const secrets = [
    { text: "abcabd", name: "(code)" },
    { text: "abcabdef", name: "(longer code)" },
    { text: "geheimnüß", name: "(word, $&)" },
  ];
  expect(redact('- code = "abcabd" -> "abcabdef"\nabcab geheimnüß abcabc abcabcabd é\n', secrets)).toBe(
    '- code = "(code)" -> "(longer code)"\nabcab (word, $&) abcabc abc(code) é\n',
  );
});

test("a state's secrets are its sensitive outputs, and the activation codes that the provider doesn't mark", () => {
  const state = {
    version: 4,
    lineage: "one",
    outputs: {
      activation_codes: { value: { "ams3/a": "code-one" }, sensitive: true },
      key: { value: "BEGIN\n  first-line\nlast-line\n", sensitive: true },
      ids: { value: ["not-secret"] },
    },
    resources: [
      {
        mode: "managed",
        type: "aws_ssm_activation",
        name: "node",
        instances: [
          { index_key: "ams3/a", attributes: { activation_code: "code-one" } },
          { index_key: "ams3/a", deposed: "0123", attributes: { activation_code: "code-two" } },
        ],
      },
    ],
  };
  expect(parseState(JSON.stringify(state)).secrets).toEqual([
    { text: "code-one", name: "(activation code)" },
    { text: "code-two", name: "(activation code)" },
    // Terraform shows it line by line.
    { text: "first-line", name: "(key)" },
    { text: "last-line", name: "(key)" },
  ]);
});

test("whoever writes to redact can finish, even when nobody reads its output any more", () => {
  const folder = mkdtempSync(join(tmpdir(), "redact-"));
  writeFileSync(join(folder, "state.json"), JSON.stringify({ version: 4, lineage: "one" }));
  const writer =
    "echo first; until [[ -e read ]]; do sleep 0.1; done; " +
    "for number in {1..20}; do echo $number || exit; sleep 0.1; done; touch finished";
  const reader = "head -n 1; touch read";
  const line = `{ ${writer}; } | "$0" "$1" redact "$2" | { ${reader}; }`;
  const args = [process.execPath, resolve("cli/anywhere.js"), join(folder, "state.json")];
  execFileSync("bash", ["-c", line, ...args], { cwd: folder, stdio: "ignore", timeout: 60_000 });
  expect(existsSync(join(folder, "finished"))).toBe(true);
}, 90_000);
