// What the checks know about the workspace: its packages, their manifests and their source files.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

/** One target of a manifest's `exports`: the source that development runs, the types and the code that users get. */
export interface ExportTarget {
  readonly "@llm/source"?: string;
  readonly types?: string;
  readonly default?: string;
}

/** The fields of `package.json` that the checks read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly sideEffects?: boolean | readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, ExportTarget | string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** Folder relative to the repository, with forward slashes: `packages/tensor`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** What a check found: one line per problem (none when it passed) and one line that says what was looked at. */
export interface CheckResult {
  readonly problems: readonly string[];
  readonly summary: string;
}

export const repositoryRoot = resolve(import.meta.dirname, "..");

/** Reads a `package.json`; `folder` is relative to the repository. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(repositoryRoot, folder, "package.json"), "utf8")) as Manifest;
}

/** Every package under `packages/`, in alphabetical order. */
export function publishedPackages(): WorkspacePackage[] {
  return readdirSync(join(repositoryRoot, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `packages/${entry.name}`)
    .sort()
    .map((folder) => ({ folder, manifest: readManifest(folder) }));
}

const skippedFolders = new Set(["node_modules", "dist", "__fixtures__", "runs", ".git"]);

/** Every file under the folders (relative to the repository) whose name ends with one of the endings, sorted. */
export function filesUnder(folders: readonly string[], endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!skippedFolders.has(entry.name) && !entry.name.startsWith(".")) visit(path);
      } else if (endings.some((ending) => entry.name.endsWith(ending))) {
        found.push(relative(repositoryRoot, path).split(sep).join("/"));
      }
    }
  };
  for (const folder of folders) {
    const path = join(repositoryRoot, folder);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) visit(path);
  }
  return found.sort();
}
