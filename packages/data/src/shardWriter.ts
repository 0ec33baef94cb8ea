// Writes one split's stream of tokens into shard files of a fixed size, each under its temporary name until all are whole.
import { createHash, type Hash } from "node:crypto";
import { basename, join } from "node:path";
import { AtomicFile } from "./atomicFile.ts";
import type { ShardEntry, SplitIndex, SplitName, TokenDtype } from "./shardIndex.ts";
import { encodeTokens } from "./tokenBytes.ts";

const bufferTokens = 1 << 20;

/** Where and how a split's shards are written. */
export interface ShardWriterOptions {
  readonly folder: string;
  readonly split: SplitName;
  readonly dtype: TokenDtype;
  readonly tokensPerShard: number;
}

interface OpenShard {
  readonly file: AtomicFile;
  readonly hash: Hash;
  tokens: number;
}

/** Takes a split's documents as token ids. End it with `finish` and then `commit`, or with `discard`. */
export class ShardWriter {
  readonly #options: ShardWriterOptions;
  readonly #files: AtomicFile[] = [];
  readonly #shards: ShardEntry[] = [];
  readonly #buffer = new Uint32Array(bufferTokens);
  #buffered = 0;
  #open: OpenShard | undefined;
  #documents = 0;
  #tokens = 0;
  #textBytes = 0;

  constructor(options: ShardWriterOptions) {
    this.#options = options;
  }

  /** Counts a document of `textBytes` UTF-8 bytes and appends its tokens, then those of `ending`. */
  async addDocument(ids: ArrayLike<number>, textBytes: number, ending: readonly number[]): Promise<void> {
    this.#documents += 1;
    this.#textBytes += textBytes;
    await this.#append(ids);
    await this.#append(ending);
  }

  /** Writes what is left and closes the files, still under temporary names. */
  async finish(): Promise<SplitIndex> {
    await this.#flush();
    await this.#closeShard();
    return { documents: this.#documents, tokens: this.#tokens, textBytes: this.#textBytes, shards: this.#shards };
  }

  /** Gives all files their final names. */
  async commit(): Promise<void> {
    for (const file of this.#files) await file.commit();
  }

  /** Removes every file that has not got its final name. */
  async discard(): Promise<void> {
    for (const file of this.#files) await file.discard();
  }

  async #append(ids: ArrayLike<number>): Promise<void> {
    this.#tokens += ids.length;
    for (let from = 0; from < ids.length; ) {
      const count = Math.min(ids.length - from, bufferTokens - this.#buffered);
      for (let i = 0; i < count; i++) this.#buffer[this.#buffered + i] = ids[from + i]!;
      this.#buffered += count;
      from += count;
      if (this.#buffered === bufferTokens) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    for (let from = 0; from < this.#buffered; ) {
      const shard = this.#open ?? (await this.#openShard());
      const count = Math.min(this.#buffered - from, this.#options.tokensPerShard - shard.tokens);
      const bytes = encodeTokens(this.#buffer.subarray(from, from + count), this.#options.dtype);
      shard.hash.update(bytes);
      await shard.file.write(bytes);
      shard.tokens += count;
      from += count;
      if (shard.tokens === this.#options.tokensPerShard) await this.#closeShard();
    }
    this.#buffered = 0;
  }

  async #openShard(): Promise<OpenShard> {
    const name = `${this.#options.split}-${String(this.#files.length).padStart(5, "0")}.bin`;
    const file = await AtomicFile.create(join(this.#options.folder, name));
    this.#files.push(file);
    this.#open = { file, hash: createHash("sha256"), tokens: 0 };
    return this.#open;
  }

  async #closeShard(): Promise<void> {
    if (!this.#open) return;
    const { file, hash, tokens } = this.#open;
    await file.finish();
    this.#shards.push({ file: basename(file.path), tokens, sha256: hash.digest("hex") });
    this.#open = undefined;
  }
}
