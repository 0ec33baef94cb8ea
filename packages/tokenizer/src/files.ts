// Reads and writes tokenizers as files. The only file of this package that touches the file system.
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { FormatError, TokenizerError } from "./errors.ts";
import type { OffsetTokenizer, Tokenizer } from "./tokenizer.ts";
import { parseTokenizerJson, toTokenizerJson } from "./tokenizerJson.ts";

const fileName = "tokenizer.json";

/**
 * Loads a tokenizer from a `tokenizer.json`, or from a folder that holds one (as Hugging Face model folders do).
 *
 * @throws TokenizerError naming the path if there is no such file, and FormatError naming it if it cannot be read
 * @example
 * const tokenizer = await loadTokenizer("models/gpt2");
 */
export async function loadTokenizer(path: string): Promise<OffsetTokenizer> {
  const file = await tokenizerFile(path);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new TokenizerError(
      `loadTokenizer: expected a tokenizer at ${file}, found no file ` +
        "(train one with trainByteLevelBpe and save it with saveTokenizer, or copy the tokenizer.json of a model there)",
      { cause: error },
    );
  }
  try {
    return parseTokenizerJson(text);
  } catch (error) {
    if (!FormatError.isInstance(error)) throw error;
    throw new FormatError(`${file}: ${error.message}`, { cause: error });
  }
}

/**
 * Writes a tokenizer as `tokenizer.json`, which Hugging Face `tokenizers` and transformers read. The file appears whole or
 * not at all: it is written under a temporary name and renamed.
 *
 * @param path the file, or a folder (existing, or without the ending `.json`) in which `tokenizer.json` is written
 */
export async function saveTokenizer(tokenizer: Tokenizer, path: string): Promise<void> {
  const text = JSON.stringify(toTokenizerJson(tokenizer), null, 1);
  const file = extname(path) === ".json" && !(await isFolder(path)) ? path : join(path, fileName);
  await mkdir(dirname(file), { recursive: true });
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function tokenizerFile(path: string): Promise<string> {
  return (await isFolder(path)) ? join(path, fileName) : path;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}
