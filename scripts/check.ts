// `pnpm check [name …]`: everything that must hold in this repository besides tests, types and lint.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkChangesets } from "./checkChangesets.ts";
import { checkCycles } from "./checkCycles.ts";
import { checkExports } from "./checkExports.ts";
import { checkFileSize } from "./checkFileSize.ts";
import { checkImports } from "./checkImports.ts";
import { checkManifests } from "./checkManifests.ts";
import { checkPublint, checkTypes } from "./checkPublished.ts";
import { buildPackages, type PackedPackage, packPackages } from "./packPackages.ts";
import { runDocSnippets } from "./runDocSnippets.ts";
import type { CheckResult } from "./workspace.ts";

let packing: Promise<PackedPackage[]> | undefined;
const temporaryFolders: string[] = [];

/** Builds and packs once for all checks that look at packages as they are published. */
function packed(): Promise<PackedPackage[]> {
  packing ??= (async () => {
    await buildPackages();
    const folder = await mkdtemp(join(tmpdir(), "llm-packed-"));
    temporaryFolders.push(folder);
    return packPackages(folder);
  })();
  return packing;
}

const checks: Readonly<Record<string, () => CheckResult | Promise<CheckResult>>> = {
  imports: checkImports,
  cycles: checkCycles,
  "file size": checkFileSize,
  manifests: checkManifests,
  changesets: checkChangesets,
  exports: () => packed().then(checkExports),
  publint: () => packed().then(checkPublint),
  "published types": () => packed().then(checkTypes),
  "documentation examples": () => runDocSnippets(),
};

async function main(wanted: readonly string[]): Promise<boolean> {
  const unknown = wanted.filter((name) => !(name in checks));
  if (unknown.length > 0) {
    console.error(`check: no check named ${unknown.join(", ")} (there are: ${Object.keys(checks).join(", ")})`);
    return false;
  }
  const failed: string[] = [];
  for (const [name, check] of Object.entries(checks)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const start = performance.now();
    const { problems, summary } = await Promise.resolve()
      .then(check)
      .catch((error: unknown): CheckResult => ({ problems: [String(error)], summary: "" }));
    const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
    console.log(problems.length === 0 ? `✓ ${name} (${seconds}): ${summary}` : `✗ ${name} (${seconds})`);
    for (const problem of problems) console.log(`  ${problem.replaceAll("\n", "\n  ")}`);
    if (problems.length > 0) failed.push(name);
  }
  console.log(failed.length === 0 ? "every check passed" : `failed: ${failed.join(", ")}`);
  return failed.length === 0;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} finally {
  for (const folder of temporaryFolders) await rm(folder, { recursive: true, force: true });
}
