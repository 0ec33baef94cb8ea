// Holds imports to the arrows between packages, to declared dependencies and to public entries.
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import {
  type CheckResult,
  filesUnder,
  type Manifest,
  publishedPackages,
  readManifest,
  repositoryRoot,
  type WorkspacePackage,
} from "./workspace.ts";

/** Which of our packages each package may import. Acyclic on purpose; a new package adds a row. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  "@llm/tensor": [],
  "@llm/tokenizer": [],
  "@llm/data": ["@llm/tensor"],
  "@llm/model": ["@llm/tensor"],
  "@llm/train": ["@llm/tensor", "@llm/model", "@llm/data"],
  "@llm/eval": ["@llm/tensor", "@llm/tokenizer", "@llm/data", "@llm/model"],
  "@llm/compress": ["@llm/tensor", "@llm/data", "@llm/model", "@llm/train", "@llm/eval"],
  "@llm/serve": ["@llm/tensor", "@llm/tokenizer", "@llm/model"],
};

export interface SourceText {
  /** Path relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface ImportContext {
  readonly packages: readonly WorkspacePackage[];
  /** The manifest at the root, whose tools every test may use. */
  readonly root: Manifest;
}

/** The module names that a TypeScript source imports or re-exports, statically or by `import("…")`. */
export function importedModules(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

/** One line for each import in `source` that the rules forbid. */
export function importProblems(source: SourceText, context: ImportContext): string[] {
  const owner = context.packages.find(({ folder }) => source.path.startsWith(`${folder}/`));
  const problems: string[] = [];
  for (const specifier of importedModules(source.text)) {
    const problem = specifier.startsWith(".")
      ? relativeProblem(source.path, specifier, owner)
      : owner && bareProblem(source.path, specifier, owner, context);
    if (problem) problems.push(`${source.path}: imports "${specifier}": ${problem}`);
  }
  return problems;
}

function relativeProblem(path: string, specifier: string, owner: WorkspacePackage | undefined): string | undefined {
  const target = normalize(join(dirname(path), specifier)).replaceAll("\\", "/");
  if (!owner) {
    return target.startsWith("packages/") ? "reaches into a package (import it by its name)" : undefined;
  }
  const sharedBuild = path === `${owner.folder}/tsup.config.ts` && target === "tsup.base.ts";
  if (target.startsWith(`${owner.folder}/`) || sharedBuild) return undefined;
  return "leaves its package (import the other package by its name)";
}

function bareProblem(
  path: string,
  specifier: string,
  owner: WorkspacePackage,
  { packages, root }: ImportContext,
): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  if (isBuiltin(specifier)) return `is a Node module (write "node:${specifier}")`;
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const target = packages.find(({ manifest }) => manifest.name === name);
  const { manifest } = owner;
  if (target && target !== owner) {
    const allowed = allowedImports[manifest.name] ?? [];
    if (!allowed.includes(name)) {
      return `${manifest.name} may import ${allowed.join(", ") || "none of our packages"}`;
    }
  }
  if (target) {
    const subpath = `.${specifier.slice(name.length)}`;
    if (!(subpath in (target.manifest.exports ?? {}))) return `${name} exports no "${subpath}" (use a public entry)`;
  }
  if (target === owner || declared(manifest, ["dependencies", "peerDependencies", "optionalDependencies"], name)) {
    return undefined;
  }
  const isTool = /\.test\.ts$|\.config\.ts$|\/(test|testing)\//.test(path);
  if (isTool && (declared(manifest, ["devDependencies"], name) || declared(root, ["devDependencies"], name))) {
    return undefined;
  }
  return `${owner.folder}/package.json does not declare ${name} (add it to dependencies)`;
}

type DependencyField = "dependencies" | "devDependencies" | "peerDependencies" | "optionalDependencies";

function declared(manifest: Manifest, fields: readonly DependencyField[], name: string): boolean {
  return fields.some((field) => name in (manifest[field] ?? {}));
}

/** Looks at every TypeScript file of the repository. */
export function checkImports(): CheckResult {
  const packages = publishedPackages();
  const context = { packages, root: readManifest(".") };
  const missingRows = packages
    .filter(({ manifest }) => !(manifest.name in allowedImports))
    .map(({ manifest }) => `${manifest.name}: no row in scripts/checkImports.ts (say what it may import)`);
  const paths = filesUnder(["packages", "examples", "benchmarks", "tests", "scripts", "tools"], [".ts"]);
  const problems = paths.flatMap((path) =>
    importProblems({ path, text: readFileSync(join(repositoryRoot, path), "utf8") }, context),
  );
  return { problems: [...missingRows, ...problems], summary: `${paths.length} files follow the arrows` };
}
