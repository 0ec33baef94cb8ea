// Builds and packs every published package the way a release does.
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./runCommand.ts";
import { publishedPackages, repositoryRoot, type WorkspacePackage } from "./workspace.ts";

export interface PackedPackage extends WorkspacePackage {
  /** Absolute path of the `.tgz`. */
  readonly tarball: string;
}

const everyPackage = ["-r", "--filter", "./packages/*"];

/** Builds `dist` of every package, each after the packages it rests on. Throws with the build's output when one fails. */
export async function buildPackages(): Promise<void> {
  await pnpm([...everyPackage, "run", "build"]);
}

/** Packs every built package into `folder`, which is created when missing. */
export async function packPackages(folder: string): Promise<PackedPackage[]> {
  await mkdir(folder, { recursive: true });
  await pnpm([...everyPackage, "pack", "--pack-destination", folder]);
  const files = await readdir(folder);
  return publishedPackages().map((each) => {
    const { name, version } = each.manifest;
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    if (!files.includes(file)) throw new Error(`pnpm pack: expected ${file}, came ${files.join(", ") || "nothing"}`);
    return { ...each, tarball: join(folder, file) };
  });
}

// Through npx because pnpm is on the path only inside a pnpm script.
async function pnpm(parameters: readonly string[]): Promise<void> {
  await runOrThrow("npx", ["-y", "pnpm@12", ...parameters], { cwd: repositoryRoot });
}
