// Looks at the packed packages as npm users will get them: publint for the manifest, are-the-types-wrong for the types.
import { readFile } from "node:fs/promises";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { binary } from "./binary.ts";
import type { PackedPackage } from "./packPackages.ts";
import { mapConcurrently, runCommand } from "./runCommand.ts";
import { type CheckResult, repositoryRoot } from "./workspace.ts";

export async function checkPublint(packed: readonly PackedPackage[]): Promise<CheckResult> {
  const problems: string[] = [];
  for (const { folder, tarball } of packed) {
    const bytes = await readFile(tarball);
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer }, strict: true });
    for (const message of messages) problems.push(`${folder}: ${formatMessage(message, pkg, { color: false })}`);
  }
  return { problems, summary: `${packed.length} packages` };
}

/** ESM only is our choice: every Node we support loads ES modules through `require` as well. */
export async function checkTypes(packed: readonly PackedPackage[]): Promise<CheckResult> {
  const attw = binary("@arethetypeswrong/cli", "attw");
  const results = await mapConcurrently(packed, 2, ({ tarball }) =>
    runCommand(process.execPath, [attw, tarball, "--profile", "esm-only", "--format", "ascii", "--no-color"], {
      cwd: repositoryRoot,
    }),
  );
  const problems = results.flatMap(({ status, output }, index) =>
    status === 0 ? [] : [`${packed[index]!.folder}:\n${output.trim()}`],
  );
  return { problems, summary: `${packed.length} packages` };
}
