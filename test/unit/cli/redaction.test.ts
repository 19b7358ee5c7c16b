import { expect, test } from "@jest/globals";
import { Readable } from "node:stream";
import { redactedLines } from "../../../cli/terraform/redaction";
import { parseState } from "../../../cli/terraform/state-file";

const secrets = [
  { text: "abcabd", name: "(code)" },
  { text: "abcabdef", name: "(longer code)" },
  { text: "geheimnüß", name: "(word, $&)" },
];
const output = '- code = "abcabd" -> "abcabdef"\nabcab geheimnüß abcabc abcabcabd é\n\r\nlast: abcabd';
const shown = [
  '- code = "(code)" -> "(longer code)"',
  "abcab (word, $&) abcabc abc(code) é",
  "",
  "last: (code)",
];

test.each([1, 2, 3, 5, 7, 1000])(
  "secrets are hidden from output that comes %i bytes at a time",
  async (size) => {
    const bytes = Buffer.from(output);
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    const lines: string[] = [];
    for await (const line of redactedLines(Readable.from(chunks), secrets)) {
      lines.push(line);
    }
    expect(lines).toEqual(shown);
  },
);

test("a state's secrets are its sensitive outputs, and the codes that the provider doesn't mark, of outputs or not", () => {
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
