// Training of byte-level BPE (Sennrich et al. 2016, on bytes as in GPT-2), with merges equal to those of Hugging Face's
// BpeTrainer on the same texts.
import { setImmediate as nextTurn } from "node:timers/promises";
import { byteCharacters } from "./byteAlphabet.ts";
import { byteLevelShell, specialToken } from "./byteLevelShell.ts";
import { ByteLevelTokenizer } from "./byteLevelTokenizer.ts";
import { maxMerges } from "./mergePiece.ts";
import { PairTable } from "./pairTable.ts";
import { type PatternName, patterns, scannerFor } from "./patterns.ts";
import { plainPostProcessor } from "./postProcessors.ts";
import type { OffsetTokenizer } from "./tokenizer.ts";
import { MergeTrainer } from "./trainMerges.ts";
import { WordCounter } from "./trainWords.ts";
import { Vocabulary } from "./vocabulary.ts";

/** How far training is. */
export type BpeTrainingProgress =
  | { readonly phase: "counting"; readonly texts: number; readonly characters: number; readonly distinctWords: number }
  | { readonly phase: "merging"; readonly vocabularySize: number; readonly target: number };

/** Options of {@link trainByteLevelBpe}. */
export interface BpeTrainingOptions {
  /** Tokens in all: special tokens, 256 bytes and merges. Fewer are made if no pair is frequent enough. */
  readonly vocabularySize: number;
  /** Get the first ids, in this order. Default `["<|endoftext|>"]`. */
  readonly specialTokens?: readonly string[];
  /** Pairs that occur less often are not merged. Default 2. */
  readonly minFrequency?: number;
  /** Tokens of three and more bytes stay shorter than this many bytes, as in Hugging Face's trainer. Default: no limit. */
  readonly maxTokenLength?: number;
  /** How texts are cut into words, which no token crosses. Default `"gpt2"`. */
  readonly pattern?: PatternName;
  /** Called some times a second. */
  readonly onProgress?: (progress: BpeTrainingProgress) => void;
  /** Stops training; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Work between two looks at the clock. */
const charactersPerCheck = 1 << 18;
const mergesPerCheck = 64;
const reportMilliseconds = 100;

/**
 * Trains a byte-level BPE tokenizer.
 *
 * Every text is cut on its own, so where a text is divided matters little; give documents or lines. The result depends on
 * the texts only, not on their order.
 *
 * @throws RangeError if `vocabularySize` is too small for the special tokens and the 256 bytes, or too large
 * @throws TypeError for a text that is no string
 * @throws Error if the texts hold nothing
 * @example
 * const tokenizer = await trainByteLevelBpe(documents, { vocabularySize: 4096 });
 * await saveTokenizer(tokenizer, "runs/tokenizer.json");
 */
export async function trainByteLevelBpe(
  texts: Iterable<string> | AsyncIterable<string>,
  options: BpeTrainingOptions,
): Promise<OffsetTokenizer> {
  const { specialTokens = ["<|endoftext|>"], pattern = "gpt2" } = options;
  checkOptions(options, specialTokens, pattern);
  const pace = new Pace(options);
  const words = await countWords(texts, pattern, pace);
  const vocabulary = new Vocabulary();
  for (const [id, token] of specialTokens.entries()) vocabulary.addToken(token, id);
  const byteIds = addAlphabet(vocabulary);
  const merges = await learnMerges(words, vocabulary, byteIds, options, pace);
  return new ByteLevelTokenizer({
    tables: { vocabulary, merges, ignoreMerges: false, unknownId: undefined, fuseUnknown: false },
    addedTokens: specialTokens.map((token, id) => specialToken(token, id)),
    normalize: undefined,
    preTokenizer: { steps: [], scan: scannerFor(patterns[pattern])! },
    postProcessor: plainPostProcessor,
    shell: byteLevelShell(patterns[pattern]),
  });
}

function checkOptions(options: BpeTrainingOptions, specialTokens: readonly string[], pattern: PatternName): void {
  const { vocabularySize, minFrequency = 2, maxTokenLength = 2 } = options;
  const smallest = 256 + specialTokens.length;
  if (!Number.isInteger(vocabularySize) || vocabularySize < smallest || vocabularySize > maxMerges) {
    throw new RangeError(
      `trainByteLevelBpe: vocabularySize must be a whole number from ${smallest} (256 bytes and ${specialTokens.length} ` +
        `special tokens) to ${maxMerges}, got ${vocabularySize}`,
    );
  }
  if (new Set(specialTokens).size !== specialTokens.length || specialTokens.includes("")) {
    throw new RangeError(
      `trainByteLevelBpe: specialTokens must be different and not empty, got ${specialTokens.join(", ")}`,
    );
  }
  if (!Object.hasOwn(patterns, pattern)) {
    throw new RangeError(
      `trainByteLevelBpe: "${pattern}" is no known pattern (use ${Object.keys(patterns).join(", ")})`,
    );
  }
  if (!(minFrequency >= 0) || !(maxTokenLength >= 2)) {
    throw new RangeError(
      `trainByteLevelBpe: minFrequency must be at least 0 and maxTokenLength at least 2, got ${minFrequency} and ${maxTokenLength}`,
    );
  }
}

/** Lets other work run, reports progress, and stops when asked to. */
class Pace {
  readonly #onProgress: ((progress: BpeTrainingProgress) => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor({ onProgress, signal }: BpeTrainingOptions) {
    this.#onProgress = onProgress;
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  async check(progress: () => BpeTrainingProgress): Promise<void> {
    if (performance.now() - this.#last < reportMilliseconds) return;
    this.#onProgress?.(progress());
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#last = performance.now();
  }

  report(progress: BpeTrainingProgress): void {
    this.#signal?.throwIfAborted();
    this.#onProgress?.(progress);
  }
}

async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  pattern: PatternName,
  pace: Pace,
): Promise<WordCounter> {
  if (typeof texts === "string") {
    throw new TypeError("trainByteLevelBpe: expected an iterable of texts, got one string (wrap it in an array)");
  }
  const words = new WordCounter();
  const scan = scannerFor(patterns[pattern])!;
  let count = 0;
  let characters = 0;
  let unchecked = 0;
  const progress = (): BpeTrainingProgress => ({
    phase: "counting",
    texts: count,
    characters,
    distinctWords: words.size,
  });
  for await (const text of texts) {
    if (typeof text !== "string") {
      throw new TypeError(
        `trainByteLevelBpe: expected text ${count} to be a string, got ${text === null ? "null" : typeof text}`,
      );
    }
    words.add(text, scan);
    count++;
    characters += text.length;
    unchecked += text.length;
    if (unchecked < charactersPerCheck) continue;
    unchecked = 0;
    await pace.check(progress);
  }
  if (words.size === 0) {
    throw new Error(
      `trainByteLevelBpe: expected some text to train on, got ${count} texts without any (check the source)`,
    );
  }
  pace.report(progress());
  return words;
}

/** Adds the 256 bytes in the order of their characters, as Hugging Face does. Returns the id of each byte. */
function addAlphabet(vocabulary: Vocabulary): Int32Array {
  const byteIds = new Int32Array(256);
  const inOrder = byteCharacters.map((character, byte) => ({ character, byte }));
  inOrder.sort((a, b) => a.character.charCodeAt(0) - b.character.charCodeAt(0));
  for (const { character, byte } of inOrder) {
    // A special token that is one character long stands for that byte too.
    const id = vocabulary.tokenToId(character) ?? vocabulary.size;
    if (id === vocabulary.size) vocabulary.addToken(character, id);
    byteIds[byte] = id;
  }
  return byteIds;
}

async function learnMerges(
  words: WordCounter,
  vocabulary: Vocabulary,
  byteIds: Int32Array,
  options: BpeTrainingOptions,
  pace: Pace,
): Promise<PairTable> {
  const { vocabularySize, minFrequency = 2, maxTokenLength = Number.POSITIVE_INFINITY } = options;
  const trainer = new MergeTrainer({ words: words.words(), byteIds, minFrequency, maxTokenLength });
  const merges = new PairTable(vocabularySize);
  const progress = (): BpeTrainingProgress => ({
    phase: "merging",
    vocabularySize: vocabulary.size,
    target: vocabularySize,
  });
  for (let rank = 0; vocabulary.size < vocabularySize; rank++) {
    const pair = trainer.next();
    if (!pair) break;
    const bytes = Uint16Array.of(...vocabulary.bytesOf(pair.left)!, ...vocabulary.bytesOf(pair.right)!);
    // Two ways to the same bytes are one token with two merges.
    const known = vocabulary.idOfBytes(bytes, 0, bytes.length);
    const id = known >= 0 ? known : vocabulary.size;
    if (known < 0) vocabulary.addBytes(bytes, id);
    merges.set(pair.left, pair.right, rank, id);
    trainer.merge(pair, id);
    if (rank % mergesPerCheck === 0) await pace.check(progress);
  }
  pace.report(progress());
  return merges;
}
