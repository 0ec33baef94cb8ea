// Where the command of an installed package lies, so that this very Node runs it, without a shell.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot } from "./workspace.ts";

/** Path of the script behind `command` of the development dependency `packageName`. */
export function binary(packageName: string, command: string): string {
  const manifestPath = join(repositoryRoot, "node_modules", packageName, "package.json");
  if (!existsSync(manifestPath)) throw new Error(`${packageName}: not installed (run \`pnpm install\` first)`);
  const { bin } = JSON.parse(readFileSync(manifestPath, "utf8")) as { bin?: string | Record<string, string> };
  const path = typeof bin === "string" ? bin : bin?.[command];
  if (!path) throw new Error(`${packageName}: has no command "${command}"`);
  return join(dirname(manifestPath), path);
}
