// Build options shared by every package: the entries are read from the package's `exports`, so that the two cannot disagree.
import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

interface ExportTarget {
  "@llm/source"?: string;
}

/** The tsup configuration of a package: one ESM entry with types per `exports` path, plus `workers` that are loaded by URL. */
export function packageConfig(workers: readonly string[] = []) {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, ExportTarget> };
  const sources = Object.values(manifest.exports).flatMap((target) => target["@llm/source"] ?? []);
  return defineConfig({
    entry: [...sources, ...workers],
    format: "esm",
    target: "node20",
    dts: { entry: sources, compilerOptions: { customConditions: [] } },
    sourcemap: true,
    clean: true,
    splitting: true,
  });
}
