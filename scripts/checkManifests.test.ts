import { expect, test } from "vitest";
import { manifestProblems } from "./checkManifests.ts";
import type { WorkspacePackage } from "./workspace.ts";

const complete: WorkspacePackage = {
  folder: "packages/tensor",
  manifest: {
    name: "@llm/tensor",
    version: "0.0.0",
    description: "Typed tensor programs for Node.",
    keywords: ["tensor", "gradient", "onnx"],
    license: "Apache-2.0",
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.19" },
    files: ["dist", "src", "README.md", "CHANGELOG.md", "LICENSE", "!**/*.test.ts", "!**/__fixtures__"],
    exports: { ".": { "@llm/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" } },
  },
};

test("a complete manifest has no problem", () => {
  expect(manifestProblems(complete, () => true)).toEqual([]);
});

test.each([
  [{ keywords: [] }, "keywords name what one would search"],
  [{ license: "MIT" }, "license is Apache-2.0"],
  [{ engines: { node: ">=18" } }, "engines.node is >=20.19"],
  [{ files: ["dist"] }, "files holds dist, src, README.md, CHANGELOG.md, LICENSE"],
  [{ dependencies: { "@llm/data": "workspace:*" } }, 'depends on @llm/data as "workspace:^"'],
  [
    { exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } } },
    'exports["."] has @llm/source, types and default, in this order',
  ],
])("%j breaks a rule", (change, rule) => {
  const manifest = { ...complete.manifest, ...change };
  expect(manifestProblems({ ...complete, manifest }, () => true)).toContain(
    `packages/tensor/package.json: expected that ${rule}`,
  );
});

test("a package without a README is told so", () => {
  expect(manifestProblems(complete, (name) => name !== "README.md")).toEqual([
    "packages/tensor/package.json: expected that its folder holds README.md and LICENSE (copy the root's LICENSE)",
  ]);
});
