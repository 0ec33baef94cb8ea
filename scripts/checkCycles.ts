// Fails when files import each other in a circle. Imports of types alone do not count: they are gone at run time.
import { binary } from "./binary.ts";
import { runCommand } from "./runCommand.ts";
import { type CheckResult, repositoryRoot } from "./workspace.ts";

export async function checkCycles(): Promise<CheckResult> {
  const { status, output } = await runCommand(
    process.execPath,
    [binary("@biomejs/biome", "biome"), "lint", "--only=suspicious/noImportCycles", "--max-diagnostics=50", "packages"],
    { cwd: repositoryRoot, environment: { NO_COLOR: "1", FORCE_COLOR: undefined } },
  );
  return {
    problems: status === 0 ? [] : [output.trim()],
    summary: "no file imports itself, directly or through others",
  };
}
