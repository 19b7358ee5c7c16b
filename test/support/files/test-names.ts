import { readFileSync } from "node:fs";
import ts from "typescript";

/**
 * Names of the tests in a file as they are written, placeholders such as %s included; before each, the names of the
 * blocks it is in, separated by a space as in Jest's full names.
 */
export function testNames(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  const names: string[] = [];
  const visit = (node: ts.Node, blocks: readonly string[]): void => {
    const [kind, name] = ts.isCallExpression(node) ? declared(node, source) : [];
    if (name !== undefined && kind === "test") {
      names.push([...blocks, name].join(" "));
    }
    const inside = name !== undefined && kind === "describe" ? [...blocks, name] : blocks;
    ts.forEachChild(node, (child) => {
      visit(child, inside);
    });
  };
  visit(source, []);
  return names;
}

/** `test("name", …)`, `test.each(…)("name", …)` or `testOfLowPorts("name", …)` and the like, and the first two of `describe`. */
function declared(call: ts.CallExpression, source: ts.SourceFile): [kind: string, name: string] | [] {
  const [name] = call.arguments;
  const kind = /^(test|describe)(\.each\b|O[fn]\w+(\.each\b|$)|$)/.exec(call.expression.getText(source))?.[1];
  return kind !== undefined && name !== undefined && ts.isStringLiteralLike(name) ? [kind, name.text] : [];
}
