// Puts documents of different length into sequences of one length, with little padding and few cuts, and says which tokens belong
// together so that attention stays within a document.
import { checkCounts } from "./batches/checkCounts.ts";
import { DataError } from "./errors.ts";
import { packLengths } from "./packingBins.ts";

/** The label of a place that the loss ignores. */
const ignoredLabel = -100;

/** A document or example as token ids. */
export interface TokenizedExample {
  readonly inputIds: ArrayLike<number>;
  /** 1 for a token that is to be learnt, 0 for one that is only read, such as a question's. Default: all are learnt. */
  readonly lossMask?: ArrayLike<number>;
}

/** One sequence [T] of several documents. */
export interface PackedSequence {
  readonly inputIds: Int32Array;
  /** At each place the token that follows in the same document; -100 where none does, or it is not to be learnt. */
  readonly labels: Int32Array;
  /** Places within each document, from 0: what models take to keep documents apart. 0 in padding. */
  readonly positionIds: Int32Array;
  /** Number of the document within the sequence, from 1; 0 in padding. Attention is to stay within a number. */
  readonly segmentIds: Int32Array;
  /** Tokens that are no padding. */
  readonly tokens: number;
}

/** Sequences [B, T], row-major. */
export interface PackedBatch extends Omit<PackedSequence, "tokens"> {
  readonly batchSize: number;
  readonly sequenceLength: number;
}

/** Options of `packSequences`. */
export interface PackingOptions {
  /** Tokens of a sequence, T. */
  readonly sequenceLength: number;
  /** Fills what is left over. Default 0; no label and no document sees it. */
  readonly padId?: number;
  /** What happens to longer documents: cut into pieces of T tokens, which loses no label; dropped; or an error. Default `"split"`. */
  readonly long?: "split" | "drop" | "refuse";
  /** Documents that are packed together at a time; more leave less padding and take more memory. Default 10,000. */
  readonly bufferSize?: number;
}

/**
 * Packs documents into sequences by best fit, the longest first, a buffer of documents at a time: only documents longer than a
 * sequence are cut. The sequences of a buffer come as they were filled; shuffle them (`exampleBatches`) for training.
 *
 * @throws DataError for impossible options, an empty document, and with `long: "refuse"` a long one.
 * @example
 * const encoder = { encode: (text: string) => new TextEncoder().encode(text) };
 * const documents = ["one", "two", "three"].map((text) => ({ inputIds: encoder.encode(text) }));
 * for await (const { inputIds, segmentIds } of packSequences(documents, { sequenceLength: 8 })) {
 *   console.log(inputIds, segmentIds); // "three" and "one", then "two" and padding
 * }
 */
export async function* packSequences(
  examples: AsyncIterable<TokenizedExample> | Iterable<TokenizedExample>,
  options: PackingOptions,
): AsyncGenerator<PackedSequence> {
  const { sequenceLength, bufferSize = 10_000, padId = 0 } = options;
  checkCounts("packSequences", { sequenceLength, bufferSize });
  let pieces: Piece[] = [];
  let place = 0;
  for await (const example of examples) {
    checkExample(example, place++);
    for (const piece of piecesOf(example, place - 1, options)) pieces.push(piece);
    if (pieces.length < bufferSize) continue;
    yield* packed(pieces, sequenceLength, padId);
    pieces = [];
  }
  yield* packed(pieces, sequenceLength, padId);
}

/**
 * Puts sequences on top of each other.
 *
 * @throws DataError for no sequences, or sequences of different length.
 */
export function stackSequences(sequences: readonly PackedSequence[]): PackedBatch {
  const sequenceLength = sequences[0]?.inputIds.length ?? 0;
  if (sequenceLength === 0) throw new DataError("stackSequences: expected at least one sequence, got none");
  const stack = (field: "inputIds" | "labels" | "positionIds" | "segmentIds"): Int32Array => {
    const rows = new Int32Array(sequences.length * sequenceLength);
    for (const [row, sequence] of sequences.entries()) {
      if (sequence[field].length !== sequenceLength) {
        throw new DataError(
          `stackSequences: sequence ${row}: expected ${sequenceLength} tokens, got ${sequence[field].length}`,
        );
      }
      rows.set(sequence[field], row * sequenceLength);
    }
    return rows;
  };
  return {
    inputIds: stack("inputIds"),
    labels: stack("labels"),
    positionIds: stack("positionIds"),
    segmentIds: stack("segmentIds"),
    batchSize: sequences.length,
    sequenceLength,
  };
}

/** Tokens of one example, from `start` to before `end`. */
interface Piece {
  readonly example: TokenizedExample;
  readonly start: number;
  readonly end: number;
}

function piecesOf(
  example: TokenizedExample,
  place: number,
  { sequenceLength, long = "split" }: PackingOptions,
): Piece[] {
  const { length } = example.inputIds;
  if (length > sequenceLength && long === "drop") return [];
  if (length > sequenceLength && long === "refuse") {
    throw new DataError(
      `packSequences: example ${place}: expected at most sequenceLength ${sequenceLength} tokens, got ${length} (cut it, or choose long: "split" or "drop")`,
    );
  }
  const pieces: Piece[] = [];
  for (let start = 0; start < length; start += sequenceLength) {
    pieces.push({ example, start, end: Math.min(start + sequenceLength, length) });
  }
  return pieces;
}

function* packed(pieces: readonly Piece[], sequenceLength: number, padId: number): Generator<PackedSequence> {
  const lengths = pieces.map(({ start, end }) => end - start);
  for (const group of packLengths(lengths, sequenceLength)) {
    yield sequenceOf(
      group.map((piece) => pieces[piece]!),
      sequenceLength,
      padId,
    );
  }
}

function sequenceOf(pieces: readonly Piece[], sequenceLength: number, padId: number): PackedSequence {
  const inputIds = new Int32Array(sequenceLength).fill(padId);
  const labels = new Int32Array(sequenceLength).fill(ignoredLabel);
  const positionIds = new Int32Array(sequenceLength);
  const segmentIds = new Int32Array(sequenceLength);
  let at = 0;
  for (const [i, { example, start, end }] of pieces.entries()) {
    for (let token = start; token < end; token++, at++) {
      inputIds[at] = example.inputIds[token]!;
      positionIds[at] = token - start;
      segmentIds[at] = i + 1;
      const next = token + 1;
      // Also at the end of a piece: what follows is known, though it stands in another sequence.
      if (next < example.inputIds.length && (example.lossMask?.[next] ?? 1) !== 0) labels[at] = example.inputIds[next]!;
    }
  }
  return { inputIds, labels, positionIds, segmentIds, tokens: at };
}

function checkExample({ inputIds, lossMask }: TokenizedExample, place: number): void {
  if (inputIds.length === 0) {
    throw new DataError(`packSequences: example ${place}: expected at least one token, got none (leave it out)`);
  }
  if (lossMask && lossMask.length !== inputIds.length) {
    throw new DataError(
      `packSequences: example ${place}: expected a lossMask for each of ${inputIds.length} tokens, got ${lossMask.length}`,
    );
  }
}
