// Training of byte-level BPE (Sennrich et al. 2016, on bytes as in GPT-2), with merges equal to those of Hugging Face's
// BpeTrainer on the same texts.

import { byteCharacters } from "./byteAlphabet.ts";
import { byteLevelShell, specialToken } from "./byteLevelShell.ts";
import { ByteLevelTokenizer } from "./byteLevelTokenizer.ts";
import { TokenizerError } from "./errors.ts";
import { maxMerges } from "./mergePiece.ts";
import { PairTable } from "./pairTable.ts";
import { cutterFor, type PatternName, patterns } from "./patterns.ts";
import { plainPostProcessor } from "./postProcessors.ts";
import { byteWords } from "./symbolWords.ts";
import type { OffsetTokenizer } from "./tokenizer.ts";
import { Pace } from "./trainingPace.ts";
import { type CountingProgress, countWords, type TrainingTexts } from "./trainingTexts.ts";
import { MergeTrainer } from "./trainMerges.ts";
import type { WordCounter } from "./trainWords.ts";
import { Vocabulary } from "./vocabulary.ts";

/** How far the learning of merges is. */
export interface MergingProgress {
  readonly phase: "merging";
  readonly vocabularySize: number;
  readonly target: number;
}

/** How far training is. */
export type BpeTrainingProgress = CountingProgress | MergingProgress;

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

/** Merges between two looks at the clock. */
const mergesPerCheck = 64;

/**
 * Trains a byte-level BPE tokenizer.
 *
 * Every text is cut on its own, so where a text is divided matters little; give documents or lines, or `{ files }`, whose lines
 * are counted on all cores. The result depends on the texts only, not on their order or the number of threads.
 *
 * @throws TokenizerError if `vocabularySize` is too small for the special tokens and the 256 bytes, or too large
 * @throws TypeError for a text that is no string
 * @throws TokenizerError if the texts hold nothing, FormatError for a file that is not UTF-8
 * @example
 * const tokenizer = await trainByteLevelBpe(documents, { vocabularySize: 4096 });
 * await saveTokenizer(tokenizer, "runs/tokenizer.json");
 */
export async function trainByteLevelBpe(texts: TrainingTexts, options: BpeTrainingOptions): Promise<OffsetTokenizer> {
  const { specialTokens = ["<|endoftext|>"], pattern = "gpt2" } = options;
  checkOptions(options, specialTokens, pattern);
  const pace = new Pace<BpeTrainingProgress>(options);
  const words = await countWords("trainByteLevelBpe", texts, { pattern }, pace);
  const vocabulary = new Vocabulary();
  for (const [id, token] of specialTokens.entries()) vocabulary.addToken(token, id);
  const byteIds = addAlphabet(vocabulary);
  const merges = await learnMerges(words, vocabulary, byteIds, options, pace);
  return new ByteLevelTokenizer({
    tables: { vocabulary, merges, ignoreMerges: false, unknownId: undefined, fuseUnknown: false },
    addedTokens: specialTokens.map((token, id) => specialToken(token, id)),
    normalize: undefined,
    preTokenizer: { steps: [], cutter: cutterFor(patterns[pattern])! },
    postProcessor: plainPostProcessor,
    shell: byteLevelShell(patterns[pattern]),
  });
}

function checkOptions(options: BpeTrainingOptions, specialTokens: readonly string[], pattern: PatternName): void {
  const { vocabularySize, minFrequency = 2, maxTokenLength = 2 } = options;
  const smallest = 256 + specialTokens.length;
  if (!Number.isInteger(vocabularySize) || vocabularySize < smallest || vocabularySize > maxMerges) {
    throw new TokenizerError(
      `trainByteLevelBpe: vocabularySize must be a whole number from ${smallest} (256 bytes and ${specialTokens.length} ` +
        `special tokens) to ${maxMerges}, got ${vocabularySize}`,
    );
  }
  if (new Set(specialTokens).size !== specialTokens.length || specialTokens.includes("")) {
    throw new TokenizerError(
      `trainByteLevelBpe: specialTokens must be different and not empty, got ${specialTokens.join(", ")}`,
    );
  }
  if (!Object.hasOwn(patterns, pattern)) {
    throw new TokenizerError(
      `trainByteLevelBpe: "${pattern}" is no known pattern (use ${Object.keys(patterns).join(", ")})`,
    );
  }
  if (!(minFrequency >= 0) || !(maxTokenLength >= 2)) {
    throw new TokenizerError(
      `trainByteLevelBpe: minFrequency must be at least 0 and maxTokenLength at least 2, got ${minFrequency} and ${maxTokenLength}`,
    );
  }
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
  pace: Pace<BpeTrainingProgress>,
): Promise<PairTable> {
  const { vocabularySize, minFrequency = 2, maxTokenLength = Number.POSITIVE_INFINITY } = options;
  const trainer = new MergeTrainer({
    words: byteWords(words, byteIds),
    alphabetSize: vocabulary.size,
    ...{ minFrequency, maxTokenLength },
  });
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
