// Keeps files small enough to read in one sitting: lists the largest and fails above the limit.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CheckResult, filesUnder, repositoryRoot } from "./workspace.ts";

const maximumLines = 500;
const listed = 5;

interface FileSize {
  readonly path: string;
  readonly lines: number;
}

/** One line for each file above the limit. */
export function sizeProblems(sizes: readonly FileSize[]): string[] {
  return sizes
    .filter(({ lines }) => lines > maximumLines)
    .map(({ path, lines }) => `${path}: ${lines} lines, the limit is ${maximumLines} (split it by what it holds)`);
}

export function checkFileSize(): CheckResult {
  const generated = (path: string): boolean => /_pb\.(js|d\.ts)$/.test(path);
  const sizes = filesUnder(["packages", "examples", "benchmarks", "tests", "scripts", "tools"], [".ts", ".py"])
    .filter((path) => !generated(path))
    .map((path) => ({ path, lines: lineCount(readFileSync(join(repositoryRoot, path), "utf8")) }))
    .sort((a, b) => b.lines - a.lines);
  const median = sizes[Math.floor(sizes.length / 2)]?.lines ?? 0;
  const largest = sizes.slice(0, listed).map(({ path, lines }) => `${path} ${lines}`);
  return {
    problems: sizeProblems(sizes),
    summary: `${sizes.length} files, median ${median} lines; largest: ${largest.join(", ")}`,
  };
}

function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}
