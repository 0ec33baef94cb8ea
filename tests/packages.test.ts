// The packages as users get them: packed, installed by npm into an empty folder far from the workspace, and used there.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { binary } from "../scripts/binary.ts";
import { snippetsIn } from "../scripts/docSnippets.ts";
import { buildPackages, packPackages } from "../scripts/packPackages.ts";
import { runCommand, runOrThrow } from "../scripts/runCommand.ts";
import { publishedPackages, readManifest, repositoryRoot } from "../scripts/workspace.ts";

const minute = 60_000;
// What this test run gives its own processes must not reach a user's Node, which knows no source condition.
const environment = { NODE_OPTIONS: undefined, NODE_ENV: undefined, VITEST: undefined };
const packages = publishedPackages();
const entries = packages.flatMap(({ manifest }) =>
  Object.keys(manifest.exports ?? {}).map((path) => `${manifest.name}${path.slice(1)}`),
);

let folder = "";
let application = "";

beforeAll(async () => {
  folder = await mkdtemp(join(await realpath(tmpdir()), "llm-packages-"));
  application = join(folder, "application");
  await buildPackages();
  const tarballs = (await packPackages(join(folder, "tarballs"))).map(({ tarball }) => tarball);
  await mkdir(application);
  await writeFile(join(application, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const nodeTypes = `@types/node@${readManifest(".").devDependencies?.["@types/node"]}`;
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await runOrThrow("npm", ["install", ...options, ...tarballs, nodeTypes], { cwd: application, environment });
}, 10 * minute);

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The example in the README of `@llm/train` that a newcomer copies first. */
function trainerExample(): string {
  const path = "packages/train/README.md";
  const readme = join(repositoryRoot, path);
  const snippets = existsSync(readme) ? snippetsIn(path, readFileSync(readme, "utf8")) : [];
  const example = snippets.find(({ code }) => /import \{[^}]*\bTrainer\b[^}]*\} from "@llm\/train"/.test(code));
  if (!example) throw new Error(`${path}: no ts block with import { Trainer } from "@llm/train" (add the example)`);
  return example.code;
}

async function expectTypes(name: string, code: string): Promise<void> {
  await writeFile(join(application, name), code);
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2023", "--module", "nodenext"];
  const parameters = [binary("typescript", "tsc"), ...flags, "--types", "node", name];
  const { output } = await runCommand(process.execPath, parameters, { cwd: application, environment });
  expect(output).toBe("");
}

test("every entry can be imported by plain Node", { timeout: 2 * minute }, async () => {
  const code = `for (const entry of ${JSON.stringify(entries)}) {
    const names = Object.keys(await import(entry));
    if (names.length === 0) throw new Error(entry + ": exports nothing");
  }`;
  const { output } = await runCommand(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: application,
    environment,
  });
  expect(output).toBe("");
});

test("every entry has types", { timeout: 2 * minute }, async () => {
  const imports = entries.map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};`);
  const uses = entries.map((_, index) => `entry${index}`).join(", ");
  await expectTypes("entries.ts", `${imports.join("\n")}\nexport const entries: readonly object[] = [${uses}];\n`);
});

test("the README's Trainer example type-checks and runs", { timeout: 5 * minute }, async () => {
  const example = trainerExample();
  await expectTypes("example.ts", example);
  const { outputText } = ts.transpileModule(example, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  await writeFile(join(application, "example.js"), outputText);
  const { status, output } = await runCommand(process.execPath, ["example.js"], { cwd: application, environment });
  expect(status, output).toBe(0);
});
