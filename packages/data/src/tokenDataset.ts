// Opens token shards for reading by offset. Nothing is loaded but what is asked for.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { type BatchOptions, type BatchStream, batchStream } from "./batchStream.ts";
import { DataError, FileError, FormatError, systemReason } from "./errors.ts";
import { bytesPerToken, requireShardIndex, type ShardIndex, type SplitName, type TokenDtype } from "./shardIndex.ts";
import { decodeTokens } from "./tokenBytes.ts";

/** One split of a folder of token shards: a stream of `tokenCount` tokens. */
export interface TokenDataset {
  readonly tokenCount: number;
  /** UTF-8 bytes of the text the tokens were made from. */
  readonly byteCount: number;
  readonly vocabularySize: number;
  readonly index: ShardIndex;
  /**
   * The `length` tokens from `offset` on.
   * @throws DataError for a range outside the data or a closed dataset; FileError when the disk refuses.
   */
  read(offset: number, length: number): Promise<Uint32Array>;
  /**
   * The tokens cut into windows and batches.
   * @throws DataError when there are too few tokens for one batch.
   */
  batches(options: BatchOptions): BatchStream;
  /** Closes the files, after reads under way. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of `openTokenShards`. */
export interface OpenShardsOptions {
  /** Default `"train"`. */
  readonly split?: SplitName;
  /** Reads every shard once and compares its SHA-256 with the index. Default false: only sizes are compared. */
  readonly verify?: boolean;
}

/**
 * Opens one split of a folder written by `writeTokenShards`.
 * @throws DataError where there is no index or the split is empty; FormatError for an index of another version, or a shard
 * that is missing, truncated or (with `verify`) changed.
 */
export async function openTokenShards(folder: string, options: OpenShardsOptions = {}): Promise<TokenDataset> {
  const index = await requireShardIndex(folder);
  const name = options.split ?? "train";
  const split = index.splits[name];
  if (split.tokens === 0) {
    const advice = name === "validation" ? "; set split: { validation: 0.05 }, or more for few documents" : "";
    throw new DataError(`${folder}: the ${name} split is empty (write the shards again${advice})`);
  }
  let start = 0;
  const shards: Shard[] = [];
  for (const { file, tokens, sha256 } of split.shards) {
    const path = join(folder, file);
    await checkShard(path, tokens * bytesPerToken[index.dtype], options.verify ? sha256 : undefined);
    shards.push({ path, start, tokens });
    start += tokens;
  }
  return new ShardedTokens(`${folder} (${name})`, index, name, shards);
}

interface Shard {
  readonly path: string;
  /** Offset of its first token in the split. */
  readonly start: number;
  readonly tokens: number;
}

class ShardedTokens implements TokenDataset {
  readonly name: string;
  readonly tokenCount: number;
  readonly byteCount: number;
  readonly vocabularySize: number;
  readonly index: ShardIndex;
  readonly #dtype: TokenDtype;
  readonly #shards: readonly Shard[];
  readonly #handles = new Map<Shard, Promise<FileHandle>>();
  #closed = false;

  constructor(name: string, index: ShardIndex, split: SplitName, shards: readonly Shard[]) {
    this.name = name;
    this.index = index;
    this.tokenCount = index.splits[split].tokens;
    this.byteCount = index.splits[split].textBytes;
    this.vocabularySize = index.vocabularySize;
    this.#dtype = index.dtype;
    this.#shards = shards;
  }

  async read(offset: number, length: number): Promise<Uint32Array> {
    const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
    if (!valid || offset + length > this.tokenCount) {
      throw new DataError(
        `read: ${this.name}: expected a range within its ${this.tokenCount} tokens, got offset ${offset} and length ${length}`,
      );
    }
    const ids = new Uint32Array(length);
    let at = 0;
    for (let i = this.#shardAt(offset); at < length; i += 1) {
      const shard = this.#shards[i]!;
      const from = offset + at - shard.start;
      const count = Math.min(length - at, shard.tokens - from);
      decodeTokens(await this.#readBytes(shard, from, count), this.#dtype, ids, at);
      at += count;
    }
    return ids;
  }

  batches(options: BatchOptions): BatchStream {
    return batchStream(this, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const handles = await Promise.allSettled(this.#handles.values());
    this.#handles.clear();
    for (const handle of handles) if (handle.status === "fulfilled") await handle.value.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The number of the shard that holds the token at `offset`, by halving. */
  #shardAt(offset: number): number {
    let low = 0;
    let high = this.#shards.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#shards[middle]!.start <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #readBytes(shard: Shard, from: number, count: number): Promise<Buffer> {
    const size = bytesPerToken[this.#dtype];
    const bytes = Buffer.alloc(count * size);
    const handle = await this.#handle(shard);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from * size + filled);
      if (bytesRead === 0) {
        throw new FormatError({ file: shard.path, offset: from * size + filled }, "truncated shard", shortened);
      }
      filled += bytesRead;
    }
    return bytes;
  }

  async #handle(shard: Shard): Promise<FileHandle> {
    if (this.#closed) throw new DataError(`read: ${this.name}: the dataset is closed`);
    const known = this.#handles.get(shard);
    if (known) return known;
    const opened = open(shard.path, "r").catch((error: unknown) => {
      throw new FileError(`${shard.path}: could not be read: ${systemReason(error)}`, { cause: error });
    });
    this.#handles.set(shard, opened);
    return opened;
  }
}

const shortened = "the file became shorter after it was opened (write the shards again)";

async function checkShard(path: string, expectedBytes: number, sha256: string | undefined): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw new FileError(`${path}: could not be read: ${systemReason(error)} (write the shards again)`, {
      cause: error,
    });
  });
  if (found.size !== expectedBytes) {
    const kind = found.size < expectedBytes ? "truncated shard" : "shard too long";
    const detail = `the index says ${expectedBytes} bytes, the file has ${found.size} (copy it again, or write the shards again)`;
    throw new FormatError({ file: path }, kind, detail);
  }
  if (sha256 === undefined) return;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  const actual = hash.digest("hex");
  if (actual !== sha256) {
    const detail = `the index says SHA-256 ${sha256}, the file has ${actual} (copy it again, or write the shards again)`;
    throw new FormatError({ file: path }, "changed shard", detail);
  }
}
