// Tokenizes documents into flat binary shards that training reads by offset (the layout of nanoGPT's and llm.c's .bin files,
// with an index beside them).
import { hash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "./atomicFile.ts";
import type { Document } from "./document.ts";
import { DataError } from "./errors.ts";
import { indexFileName, type ShardIndex, type SplitName, shardIndex, splitNames } from "./shardIndex.ts";
import { ShardWriter } from "./shardWriter.ts";
import type { TokenEncoder } from "./tokenEncoder.ts";

const uint16Ids = 2 ** 16;

/** What has been written so far. */
export interface ShardProgress {
  readonly documents: number;
  readonly tokens: number;
  /** UTF-8 bytes of the documents' text. */
  readonly textBytes: number;
}

/** Options of `writeTokenShards`. */
export interface WriteShardsOptions {
  /** Folder for the shards and their `index.json`; made where missing. Shards already there are replaced. */
  readonly folder: string;
  readonly encoder: TokenEncoder;
  /** Put after each document, so that the model learns where texts end. Default: nothing is put. */
  readonly endOfTextId?: number;
  /** Kept in the index: a reader compares it before trusting the tokens. */
  readonly tokenizerHash?: string;
  /** Kept in the index: says what the tokens were made from, so that a caller can tell whether to make them again. */
  readonly source?: string;
  /** Tokens per shard file. Default 100 million (200 MB as uint16). */
  readonly tokensPerShard?: number;
  /**
   * The fraction of documents (0 to below 1) that goes to the validation split, chosen by a hash of each text: the same
   * text is in the same split whatever its order or company. Default 0.
   */
  readonly split?: { readonly validation: number };
  readonly onProgress?: (progress: ShardProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes the documents' tokens as shards: `train-00000.bin`, `validation-00000.bin`, and so on, little-endian uint16
 * (uint32 for a vocabulary above 65,536), and `index.json` last. Until everything is written nothing has its final name:
 * a failure leaves the folder as it was, with its former shards still valid.
 *
 * @throws DataError for an empty corpus, an id outside the vocabulary or impossible options; FileError when the disk
 * refuses; the documents' own errors; the signal's reason.
 */
export async function writeTokenShards(
  documents: AsyncIterable<Document> | Iterable<Document>,
  options: WriteShardsOptions,
): Promise<ShardIndex> {
  checkOptions(options);
  const { folder, encoder } = options;
  const dtype = encoder.vocabularySize <= uint16Ids ? "uint16" : "uint32";
  const tokensPerShard = options.tokensPerShard ?? 100_000_000;
  const writerOf = (split: SplitName) => new ShardWriter({ folder, split, dtype, tokensPerShard });
  const writers = { train: writerOf("train"), validation: writerOf("validation") };
  try {
    await addDocuments(documents, writers, options);
    const splits = { train: await writers.train.finish(), validation: await writers.validation.finish() };
    if (splits.train.textBytes + splits.validation.textBytes === 0) {
      const advice = "check the input path, and in the pipeline's report what its steps dropped";
      throw new DataError(`writeTokenShards: the corpus is empty: no document with text came (${advice})`);
    }
    const index = shardIndex({
      dtype,
      vocabularySize: encoder.vocabularySize,
      ...(options.endOfTextId === undefined ? {} : { endOfTextId: options.endOfTextId }),
      ...(options.tokenizerHash === undefined ? {} : { tokenizerHash: options.tokenizerHash }),
      ...(options.source === undefined ? {} : { source: options.source }),
      splits,
    });
    await replaceShards(folder, writers, index);
    return index;
  } catch (error) {
    for (const split of splitNames) await writers[split].discard();
    throw error;
  }
}

async function addDocuments(
  documents: AsyncIterable<Document> | Iterable<Document>,
  writers: Readonly<Record<SplitName, ShardWriter>>,
  options: WriteShardsOptions,
): Promise<void> {
  const { encoder, endOfTextId, onProgress, signal } = options;
  const endOfText = endOfTextId === undefined ? [] : [endOfTextId];
  const progress = { documents: 0, tokens: 0, textBytes: 0 };
  for await (const { id, text } of documents) {
    signal?.throwIfAborted();
    const ids = encoder.encode(text);
    checkIds(ids, encoder.vocabularySize, id);
    const textBytes = Buffer.byteLength(text);
    const writer = writers[splitOf(text, options.split?.validation ?? 0)];
    await writer.addDocument(ids, textBytes, endOfText);
    progress.documents += 1;
    progress.tokens += ids.length + endOfText.length;
    progress.textBytes += textBytes;
    onProgress?.({ ...progress });
  }
}

/** The former index goes first and the new one comes last: an index never describes other shards than those beside it. */
async function replaceShards(
  folder: string,
  writers: Readonly<Record<SplitName, ShardWriter>>,
  index: ShardIndex,
): Promise<void> {
  await rm(join(folder, indexFileName), { force: true });
  for (const split of splitNames) await writers[split].commit();
  await writeFileAtomically(join(folder, indexFileName), `${JSON.stringify(index, null, 2)}\n`);
  const current = new Set(splitNames.flatMap((split) => index.splits[split].shards.map(({ file }) => file)));
  // What an earlier, larger writing or a killed one left behind.
  for (const file of await readdir(folder)) {
    if (/^(train|validation)-\d{5,}\.bin(\.partial)?$/.test(file) && !current.has(file)) await rm(join(folder, file));
  }
}

function splitOf(text: string, validation: number): SplitName {
  if (validation === 0) return "train";
  const fraction = hash("sha256", text, "buffer").readUInt32LE(0) / 2 ** 32;
  return fraction < validation ? "validation" : "train";
}

function checkIds(ids: ArrayLike<number>, vocabularySize: number, documentId: string): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id >= 0 && id < vocabularySize) continue;
    throw new DataError(
      `writeTokenShards: document ${documentId}: expected token ids from 0 to ${vocabularySize - 1}, got ${id} at ${i} (encoder.vocabularySize must count every id that encode gives, special tokens included)`,
    );
  }
}

function checkOptions({ encoder, endOfTextId, tokensPerShard, split }: WriteShardsOptions): void {
  const { vocabularySize } = encoder;
  const fail = (name: string, expected: string, got: unknown): never => {
    throw new DataError(`writeTokenShards: ${name}: expected ${expected}, got ${got}`);
  };
  if (!Number.isInteger(vocabularySize) || vocabularySize < 1 || vocabularySize > 2 ** 32) {
    fail("encoder.vocabularySize", "a whole number from 1 to 2^32", vocabularySize);
  }
  if (
    endOfTextId !== undefined &&
    !(Number.isInteger(endOfTextId) && endOfTextId >= 0 && endOfTextId < vocabularySize)
  ) {
    fail("endOfTextId", `a token id below ${vocabularySize}`, endOfTextId);
  }
  if (tokensPerShard !== undefined && !(Number.isInteger(tokensPerShard) && tokensPerShard >= 1)) {
    fail("tokensPerShard", "a whole number above 0", tokensPerShard);
  }
  if (split && !(split.validation >= 0 && split.validation < 1)) {
    fail("split.validation", "a fraction from 0 to below 1", split.validation);
  }
}
