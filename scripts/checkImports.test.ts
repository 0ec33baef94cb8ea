import { expect, test } from "vitest";
import { allowedImports, checkImports, importedModules, importProblems } from "./checkImports.ts";
import type { WorkspacePackage } from "./workspace.ts";

function packageNamed(name: string, dependencies: readonly string[] = []): WorkspacePackage {
  return {
    folder: `packages/${name}`,
    manifest: {
      name: `@llm/${name}`,
      version: "1.0.0",
      exports: { ".": { default: "./dist/index.js" }, "./extra": { default: "./dist/extra.js" } },
      dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, "*"])),
    },
  };
}

const context = {
  packages: [packageNamed("tensor"), packageNamed("model", ["@llm/tensor", "zod"]), packageNamed("train")],
  root: { name: "root", version: "0.0.0", devDependencies: { vitest: "*" } },
};

function problemsOf(path: string, specifier: string): string[] {
  return importProblems({ path, text: `import { x } from ${JSON.stringify(specifier)};` }, context);
}

test.each([
  ["packages/model/src/gpt.ts", "@llm/tensor"],
  ["packages/model/src/gpt.ts", "@llm/tensor/extra"],
  ["packages/model/src/gpt.ts", "zod"],
  ["packages/model/src/gpt.ts", "node:fs"],
  ["packages/model/src/gpt.ts", "./layers/linear.ts"],
  ["packages/model/src/gpt.test.ts", "vitest"],
  ["packages/model/tsup.config.ts", "../../tsup.base.ts"],
  ["tests/flow.test.ts", "../scripts/packPackages.ts"],
])("%s may import %s", (path, specifier) => {
  expect(problemsOf(path, specifier)).toEqual([]);
});

test.each([
  ["packages/tensor/src/a.ts", "@llm/model", "@llm/tensor may import none of our packages"],
  ["packages/model/src/a.ts", "@llm/train", "@llm/model may import @llm/tensor"],
  ["packages/model/src/a.ts", "@llm/tensor/src/graph.ts", '@llm/tensor exports no "./src/graph.ts"'],
  ["packages/model/src/a.ts", "../../tensor/src/graph.ts", "leaves its package"],
  ["packages/model/src/a.ts", "hono", "packages/model/package.json does not declare hono"],
  ["packages/model/src/a.ts", "vitest", "packages/model/package.json does not declare vitest"],
  ["packages/model/src/a.ts", "fs", 'is a Node module (write "node:fs")'],
  ["packages/train/src/a.ts", "@llm/tensor", "packages/train/package.json does not declare @llm/tensor"],
  ["examples/a.ts", "../packages/model/src/gpt.ts", "reaches into a package"],
])("%s may not import %s", (path, specifier, problem) => {
  expect(problemsOf(path, specifier)).toEqual([expect.stringContaining(`${path}: imports "${specifier}": ${problem}`)]);
});

test("finds static, type-only, re-exporting and dynamic imports", () => {
  const text = `import "a"; import type { B } from "b"; export * from "c"; const d = await import("d"); // import "e"`;
  expect(importedModules(text)).toEqual(["a", "b", "c", "d"]);
});

test("the table of arrows has no cycle", () => {
  const visit = (name: string, path: readonly string[]): void => {
    expect(path, "cycle").not.toContain(name);
    for (const next of allowedImports[name] ?? []) visit(next, [...path, name]);
  };
  for (const name of Object.keys(allowedImports)) visit(name, []);
});

test("this repository follows the arrows", () => {
  expect(checkImports().problems).toEqual([]);
});
