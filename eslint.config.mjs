import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import importX from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

const noImport = (group, message) => ({
  "no-restricted-imports": ["error", { patterns: [{ group, message }] }],
});

export default defineConfig(
  globalIgnores(["**/node_modules/", "cdktf.out/", ".local-cloud/", ".gen/", "state/", ".anywhere/"]),
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Constructs act by being made.
      "no-new": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["**/*.ts", "**/*.tsx"],
    plugins: { "import-x": importX },
    settings: {
      "import-x/extensions": [".ts", ".tsx"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx"] },
      "import-x/resolver-next": [importX.createNodeResolver({ extensions: [".ts", ".tsx", ".js"] })],
    },
    rules: { "import-x/no-cycle": ["error", { ignoreExternal: true }] },
  },
  {
    files: ["main.ts", "checkout/**", "config/**", "stacks/**", "constructs/**", "cli/**"],
    rules: noImport(["**/local-cloud/**"], "The product knows the local cloud only through its environment."),
  },
  {
    files: ["local-cloud/**/*.ts"],
    rules: {
      ...noImport(
        ["**/checkout/**", "**/config/**", "**/stacks/**", "**/constructs/**", "**/cli/**"],
        "The local cloud knows the product only through the two clouds' APIs.",
      ),
      // Its many listeners are one call each.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreVoidReturningFunctions: true }],
    },
  },
  {
    files: ["**/*.js"],
    languageOptions: {
      sourceType: "commonjs",
      globals: Object.fromEntries(
        [
          "require",
          "module",
          "process",
          "console",
          "__dirname",
          "__filename",
          "fetch",
          "AbortSignal",
          "URL",
          "setTimeout",
          "setInterval",
          "clearInterval",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
);
