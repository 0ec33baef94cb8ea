// Keeps translations, so that a run that was stopped does not pay for them again.
import { hash } from "node:crypto";
import { appendFile, open } from "node:fs/promises";
import { DataError, FileError, systemReason } from "../errors.ts";
import type { Translator } from "./translator.ts";

/** Translations by key; a `Map` is one. */
export interface TranslationCache {
  get(key: string): string | undefined;
  set(key: string, translation: string): unknown;
}

/** A translator that asks another one only for what the cache does not hold. */
export function cachedTranslator(translator: Translator, cache: TranslationCache): Translator {
  return {
    name: translator.name,
    async translate(text, direction, signal) {
      const key = hash("sha256", JSON.stringify([translator.name, direction.from, direction.to, text]));
      const known = cache.get(key);
      if (known !== undefined) return known;
      const translation = await translator.translate(text, direction, signal);
      await cache.set(key, translation);
      return translation;
    },
  };
}

/**
 * A cache in a file of JSON lines, which grows with each translation. A line that was cut by a crash is passed over. One process at
 * a time.
 *
 * @throws FileError for a file that cannot be read or written, DataError for a line that is no translation.
 */
export async function openTranslationCache(path: string): Promise<TranslationCache> {
  const known = new Map<string, string>();
  const whole = await readLines(path, known);
  // What was cut must not run into the first new line.
  if (!whole) await append(path, "\n");
  return {
    get: (key) => known.get(key),
    set: async (key, translation) => {
      known.set(key, translation);
      await append(path, `${JSON.stringify({ key, translation })}\n`);
    },
  };
}

/** False where the last line has no end. */
async function readLines(path: string, known: Map<string, string>): Promise<boolean> {
  const file = await open(path, "a+").catch((error: unknown) => {
    throw new FileError(`${path}: could not be opened: ${systemReason(error)}`, { cause: error });
  });
  try {
    const lines = (await file.readFile("utf8")).split("\n");
    const last = lines.pop()!;
    for (const [i, line] of lines.entries()) {
      const record = parse(line);
      if (record) known.set(record.key, record.translation);
      else if (line.startsWith("{") && line.endsWith("}")) {
        throw new DataError(
          `${path}:${i + 1}: expected a translation { key, translation } (give another file, or remove it)`,
        );
      }
    }
    return last === "";
  } finally {
    await file.close();
  }
}

function parse(line: string): { key: string; translation: string } | undefined {
  try {
    const { key, translation } = JSON.parse(line) as Record<string, unknown>;
    return typeof key === "string" && typeof translation === "string" ? { key, translation } : undefined;
  } catch {
    return undefined;
  }
}

async function append(path: string, text: string): Promise<void> {
  await appendFile(path, text).catch((error: unknown) => {
    throw new FileError(`${path}: could not be written: ${systemReason(error)}`, { cause: error });
  });
}
