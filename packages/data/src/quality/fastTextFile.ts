// The file format of fastText's supervised models (Joulin et al. 2016): `.bin`, and `.ftz`, whose matrices are compressed by
// product quantisation. Read in both forms, written as `.bin`, so that models go both ways between this library and fastText.
import { DataError } from "../errors.ts";
import { ByteCursor } from "./byteCursor.ts";
import { DenseMatrix, type ModelMatrix, QuantizedMatrix, readCodebook } from "./fastTextMatrix.ts";

/** Losses of supervised models, by fastText's numbers. */
export const fastTextLosses = {
  1: "hierarchical softmax",
  2: "negative sampling",
  3: "softmax",
  4: "one vs all",
} as const;
/** The name of a loss. */
export type FastTextLoss = (typeof fastTextLosses)[keyof typeof fastTextLosses];

/** What a fastText file holds. */
export interface FastTextModel {
  /** Numbers in a text's vector. */
  readonly dimension: number;
  /** Longest run of words that is a feature. */
  readonly wordNgrams: number;
  /** Shortest and longest run of characters inside a word that is a feature; 0 for none. */
  readonly minSubword: number;
  readonly maxSubword: number;
  /** Rows that hashed features share. */
  readonly buckets: number;
  readonly loss: FastTextLoss;
  /** Words by their row. */
  readonly words: readonly string[];
  readonly wordCounts: readonly number[];
  /** Labels as in the file, with their prefix. */
  readonly labels: readonly string[];
  readonly labelCounts: readonly number[];
  /** Where a compressed model keeps only some buckets: the row, after the words, of each of them. */
  readonly keptBuckets?: ReadonlyMap<number, number>;
  /** Rows of words, then of buckets. */
  readonly input: ModelMatrix;
  /** Rows of labels, or of the inner nodes of the label tree. */
  readonly output: ModelMatrix;
}

const magic = 793712314;
const version = 12;
const supervised = 3;

/**
 * The model in the bytes of a `.bin` or `.ftz` file.
 * @throws FormatError for other files, truncated ones, and models of word vectors, which have no labels.
 */
export function readFastText(bytes: Buffer, file: string): FastTextModel {
  const cursor = new ByteCursor(bytes, file);
  if (bytes.length < 8 || cursor.int32() !== magic) cursor.fail("it does not begin with fastText's mark");
  const found = cursor.int32();
  if (found !== 11 && found !== version) cursor.fail(`version ${found}; 11 and 12 are known`);
  const settings = Array.from({ length: 12 }, cursor.int32);
  const [dimension, , , , , wordNgrams, loss, kind, buckets, minSubword, longest] = settings as number[];
  cursor.take(8);
  if (kind !== supervised) cursor.fail("it is a model of word vectors (train it with `fasttext supervised`)");
  const lossName = fastTextLosses[loss as keyof typeof fastTextLosses];
  if (!lossName) cursor.fail(`unknown loss ${loss}`);
  const dictionary = readDictionary(cursor);
  const isQuantized = cursor.byte() === 1;
  const input = isQuantized ? readQuantized(cursor) : readDense(cursor);
  const isOutputQuantized = cursor.byte() === 1;
  const output = isQuantized && isOutputQuantized ? readQuantized(cursor) : readDense(cursor);
  if (input.columns !== dimension || output.columns !== dimension)
    cursor.fail("its matrices have other sizes than it says");
  // Version 11 knew no subwords in supervised models, whatever it says.
  const maxSubword = found === 11 ? 0 : longest!;
  return {
    ...dictionary,
    dimension: dimension!,
    wordNgrams: wordNgrams!,
    minSubword: minSubword!,
    maxSubword,
    buckets: buckets!,
    loss: lossName!,
    input,
    output,
  };
}

type DictionaryPart = Pick<FastTextModel, "words" | "wordCounts" | "labels" | "labelCounts" | "keptBuckets">;

function readDictionary(cursor: ByteCursor): DictionaryPart {
  const size = cursor.int32();
  const wordCount = cursor.int32();
  const labelCount = cursor.int32();
  cursor.int64();
  const pruned = cursor.int64();
  if (wordCount + labelCount !== size || labelCount < 1) cursor.fail("its dictionary is damaged");
  const entries = Array.from({ length: size }, () => {
    const entry = { text: cursor.text(), count: cursor.int64() };
    cursor.byte();
    return entry;
  });
  const kept = new Map<number, number>();
  for (let i = 0; i < pruned; i++) kept.set(cursor.int32(), cursor.int32());
  const words = entries.slice(0, wordCount);
  const labels = entries.slice(wordCount);
  return {
    words: words.map(({ text }) => text),
    wordCounts: words.map(({ count }) => count),
    labels: labels.map(({ text }) => text),
    labelCounts: labels.map(({ count }) => count),
    ...(pruned >= 0 ? { keptBuckets: kept } : {}),
  };
}

function readDense(cursor: ByteCursor): DenseMatrix {
  const rows = cursor.int64();
  const columns = cursor.int64();
  return new DenseMatrix(cursor.floats(rows * columns), columns);
}

function readQuantized(cursor: ByteCursor): QuantizedMatrix {
  const hasNorms = cursor.byte() === 1;
  const rows = cursor.int64();
  const columns = cursor.int64();
  const codeCount = cursor.int32();
  const codesAt = cursor.take(codeCount);
  const codes = cursor.bytes.subarray(codesAt, codesAt + codeCount);
  const codebook = readCodebook(cursor);
  if (!hasNorms) return new QuantizedMatrix({ columns, codes, codebook });
  const normsAt = cursor.take(rows);
  const normCodes = cursor.bytes.subarray(normsAt, normsAt + rows);
  return new QuantizedMatrix({ columns, codes, codebook, norms: { codes: normCodes, codebook: readCodebook(cursor) } });
}

/**
 * The model as the pieces of a `.bin` file, which fastText opens.
 * @throws DataError for a compressed model: it is written by copying the file it came from.
 */
export function* writeFastText(model: FastTextModel): Generator<Uint8Array> {
  const { input, output } = model;
  if (!(input instanceof DenseMatrix && output instanceof DenseMatrix)) {
    throw new DataError(
      "writeFastText: expected a model of plain matrices, got a compressed one (copy its file instead)",
    );
  }
  const loss = Object.entries(fastTextLosses).find(([, name]) => name === model.loss)![0];
  const settings = [
    ...[magic, version, model.dimension, 5, 5, 1, 5, model.wordNgrams, Number(loss), supervised],
    ...[model.buckets, model.minSubword, model.maxSubword, 100],
  ];
  yield Buffer.from(new Int32Array(settings).buffer);
  yield Buffer.from(new Float64Array([1e-4]).buffer);
  yield* writeDictionary(model);
  for (const matrix of [input, output]) {
    const header = Buffer.alloc(17);
    header.writeBigInt64LE(BigInt(matrix.values.length / matrix.columns), 1);
    header.writeBigInt64LE(BigInt(matrix.columns), 9);
    yield header;
    yield Buffer.from(matrix.values.buffer, matrix.values.byteOffset, matrix.values.byteLength);
  }
}

function* writeDictionary(model: FastTextModel): Generator<Uint8Array> {
  const header = Buffer.alloc(28);
  header.writeInt32LE(model.words.length + model.labels.length, 0);
  header.writeInt32LE(model.words.length, 4);
  header.writeInt32LE(model.labels.length, 8);
  header.writeBigInt64LE(BigInt(model.wordCounts.reduce((sum, count) => sum + count, 0)), 12);
  // No bucket is left out.
  header.writeBigInt64LE(-1n, 20);
  yield header;
  for (const [isLabel, texts, counts] of [
    [0, model.words, model.wordCounts],
    [1, model.labels, model.labelCounts],
  ] as const) {
    for (const [i, text] of texts.entries()) {
      const entry = Buffer.alloc(9);
      entry.writeBigInt64LE(BigInt(counts[i]!), 0);
      entry[8] = isLabel;
      yield Buffer.concat([Buffer.from(`${text}\0`), entry]);
    }
  }
}
