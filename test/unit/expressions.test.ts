import { expect, test } from "@jest/globals";
import { Token } from "cdktf";
import { expressionOf, objectOf, partOf } from "../../constructs/expressions";

test("a text becomes the expression in its braces, or a quoted one", () => {
  expect(expressionOf("${each.value.size}")).toBe("each.value.size");
  expect(expressionOf('a "b" $${c} %%{d}')).toBe('"a \\"b\\" $${c} %%{d}"');
  expect(objectOf({ NODE: "${each.key}", SITE: "ams3" })).toBe('{"NODE" = each.key, "SITE" = "ams3"}');
});

test("a part of an expression is named, or found by a key", () => {
  expect(partOf("one.two", "three")).toBe("one.two.three");
  expect(partOf("one", "ams3/node-1")).toBe('one["ams3/node-1"]');
  expect(partOf("one", "${each.key}")).toBe("one[each.key]");
});

test.each(["a ${each.key}", "%{ if true }a%{ endif }", "${a}${b}", Token.asString({ a: 1 })])(
  "%s is refused in an expression: its own quotes would end it",
  (text) => {
    expect(() => expressionOf(text)).toThrow("neither one expression nor without any");
  },
);
