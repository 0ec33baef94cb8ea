// Compares each package's `exports` with what a build leaves in `dist` and what a pack puts into the tarball.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type CheckResult, publishedPackages, repositoryRoot } from "./workspace.ts";

/** Needs built packages. */
export async function checkExports(): Promise<CheckResult> {
  const problems: string[] = [];
  let entries = 0;
  for (const { folder, manifest } of publishedPackages()) {
    const root = join(repositoryRoot, folder);
    const types = new Set<string>();
    for (const [path, target] of Object.entries(manifest.exports ?? {})) {
      entries++;
      for (const [condition, file] of Object.entries(target)) {
        if (!existsSync(join(root, file))) {
          problems.push(`${folder}: exports["${path}"]["${condition}"] is ${file}, which a build does not leave`);
        }
        if (condition === "types") types.add(file);
      }
    }
    for (const file of await readdir(join(root, "dist"))) {
      // Shared chunks of declarations carry a hash; an entry without an export is a file nobody can reach.
      const isEntry = file.endsWith(".d.ts") && !/-[\w-]{8,}\.d\.ts$/.test(file);
      if (isEntry && !types.has(`./dist/${file}`)) {
        problems.push(`${folder}: dist/${file} is built as an entry but not in exports`);
      }
    }
  }
  return { problems, summary: `${entries} entries are built` };
}
