// The index of a folder of token shards: what `index.json` says, written last and checked when read.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, FileError, FormatError, systemReason } from "./errors.ts";

export const indexFileName = "index.json";
const formatName = "llm-token-shards";
const formatVersion = 1;

/** The part of the documents a shard belongs to. */
export type SplitName = "train" | "validation";
export const splitNames: readonly SplitName[] = ["train", "validation"];

/** How a token id is stored: little-endian, unsigned. */
export type TokenDtype = "uint16" | "uint32";
export const bytesPerToken: Readonly<Record<TokenDtype, number>> = { uint16: 2, uint32: 4 };

/** One file of token ids. */
export interface ShardEntry {
  /** File name inside the folder. */
  readonly file: string;
  readonly tokens: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
}

/** What a split holds; its shards are one stream of tokens cut into files. */
export interface SplitIndex {
  readonly documents: number;
  /** Token ids, end-of-text tokens included. */
  readonly tokens: number;
  /** UTF-8 bytes of the documents' text: what bits per byte divides by. */
  readonly textBytes: number;
  readonly shards: readonly ShardEntry[];
}

/** The content of `index.json`. */
export interface ShardIndex {
  readonly format: typeof formatName;
  readonly version: typeof formatVersion;
  readonly dtype: TokenDtype;
  /** Token ids are below this. */
  readonly vocabularySize: number;
  /** The token put after each document. */
  readonly endOfTextId?: number;
  /** Whatever the writer was told identifies the tokenizer; compare it before using the tokens. */
  readonly tokenizerHash?: string;
  /** Whatever the writer was told identifies the documents. */
  readonly source?: string;
  readonly splits: Readonly<Record<SplitName, SplitIndex>>;
}

/** The index object for these fields, with the format's name and version. */
export function shardIndex(fields: Omit<ShardIndex, "format" | "version">): ShardIndex {
  return { format: formatName, version: formatVersion, ...fields };
}

/**
 * Reads and checks the index of a folder of token shards, or returns undefined where the folder has none.
 * @throws FormatError for an index that is not whole, not ours or of a version this library does not know.
 */
export async function readShardIndex(folder: string): Promise<ShardIndex | undefined> {
  const path = join(folder, indexFileName);
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FileError(`${path}: could not be read: ${systemReason(error)}`, { cause: error });
  }
  return parseShardIndex(content, path);
}

/** The index of a folder that must have one. */
export async function requireShardIndex(folder: string): Promise<ShardIndex> {
  const index = await readShardIndex(folder);
  if (index) return index;
  throw new DataError(
    `${join(folder, indexFileName)}: not found: expected a folder of token shards (write one with writeTokenShards; an interrupted writing leaves no index)`,
  );
}

function parseShardIndex(content: string, path: string): ShardIndex {
  const fail = (detail: string): never => {
    throw new FormatError({ file: path }, "invalid shard index", `${detail} (write the shards again)`);
  };
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    fail(`expected JSON: ${systemReason(error)}`);
  }
  const index = (value ?? {}) as Partial<ShardIndex>;
  if (index.format !== formatName) fail(`expected format "${formatName}", got ${JSON.stringify(index.format)}`);
  if (index.version !== formatVersion) {
    fail(`expected version ${formatVersion}, got ${JSON.stringify(index.version)}: it was written by another release`);
  }
  if (index.dtype === undefined || !Object.hasOwn(bytesPerToken, index.dtype)) {
    fail(`dtype: expected "uint16" or "uint32", got ${JSON.stringify(index.dtype)}`);
  }
  if (!isCount(index.vocabularySize)) fail(`vocabularySize: expected a count, got ${index.vocabularySize}`);
  for (const split of splitNames) {
    const fault = splitFault(index.splits?.[split]);
    if (fault !== undefined) fail(`splits.${split}: ${fault}`);
  }
  return index as ShardIndex;
}

function splitFault(split: Partial<SplitIndex> | undefined): string | undefined {
  if (!split || !Array.isArray(split.shards)) return "expected an object with shards";
  for (const name of ["documents", "tokens", "textBytes"] as const) {
    if (!isCount(split[name])) return `${name}: expected a count, got ${split[name]}`;
  }
  let tokens = 0;
  for (const shard of split.shards as Partial<ShardEntry>[]) {
    // A name with a folder in it could point anywhere on the disk.
    if (typeof shard?.file !== "string" || !/^[\w-][\w.-]*$/.test(shard.file)) {
      return `expected a plain file name, got ${JSON.stringify(shard?.file)}`;
    }
    if (!isCount(shard.tokens) || typeof shard.sha256 !== "string") return `${shard.file}: expected tokens and sha256`;
    tokens += shard.tokens;
  }
  return tokens === split.tokens ? undefined : `the shards hold ${tokens} tokens, the split says ${split.tokens}`;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
