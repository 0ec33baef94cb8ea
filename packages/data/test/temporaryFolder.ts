// A folder of its own for a test that works with files, and short words for what tests do with it.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A fresh folder, removed when the test ends. */
export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), "llm-data-"));

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** Writes a file (and its folders) and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  join(name: string): string {
    return join(this.path, name);
  }

  /** The names of all files, in order. */
  files(): string[] {
    return (readdirSync(this.path, { recursive: true }) as string[]).sort();
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
