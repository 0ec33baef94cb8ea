// Training of Unigram tokenizers as Hugging Face's UnigramTrainer does it, with the definition of T5 around the model.
import { TokenizerError } from "./errors.ts";
import type { OffsetTokenizer } from "./tokenizer.ts";
import { parseTokenizerJson } from "./tokenizerJson.ts";
import { addedSpecialTokens, checkSpecialTokens, checkVocabularySize } from "./trainedTokenizer.ts";
import { Pace } from "./trainingPace.ts";
import { type CountingProgress, countWords, type TrainingTexts } from "./trainingTexts.ts";
import type { WordCounter } from "./trainWords.ts";
import { learnUnigram, type UnigramWords } from "./unigramLearning.ts";
import type { ScoredToken } from "./unigramSeeds.ts";

/** How far training is: the tokens that are left shrink towards the target. */
export type UnigramTrainingProgress =
  | CountingProgress
  | { readonly phase: "pruning"; readonly vocabularySize: number; readonly target: number };

/** Options of {@link trainUnigram}. */
export interface UnigramTrainingOptions {
  /** Tokens in all: special tokens, every character of the texts and longer tokens. Fewer if the texts do not give so many. */
  readonly vocabularySize: number;
  /** Get the first ids, in this order; `unknownToken` must be one. Default T5's: `<pad>`, `</s>`, `<unk>`. */
  readonly specialTokens?: readonly string[];
  /** Stands for characters that are no token. Default `"<unk>"`. */
  readonly unknownToken?: string;
  /** Of tokens, in characters. Default 16. */
  readonly maxTokenLength?: number;
  /** Tokens to start from. Default 1,000,000. */
  readonly seedSize?: number;
  /** The share of the tokens that a pruning leaves, between 0 and 1. Default 0.75. */
  readonly shrinkingFactor?: number;
  /** Rounds of expectation and maximisation before each pruning. Default 2. */
  readonly subIterations?: number;
  /** Characters that are tokens even if the texts lack them. Default none. */
  readonly initialAlphabet?: Iterable<string>;
  /** As in `tokenizer.json`. Default: NFKC, and one space for several. `null`: none. */
  readonly normalizer?: object | null;
  /** As in `tokenizer.json`. Default: Metaspace (`▁` before each word). */
  readonly preTokenizer?: object | null;
  /** As in `tokenizer.json`. Default: `$A </s>` if that is a special token, else none. */
  readonly postProcessor?: object | null;
  /** As in `tokenizer.json`. Default: Metaspace. */
  readonly decoder?: object | null;
  /** Called some times a second. */
  readonly onProgress?: (progress: UnigramTrainingProgress) => void;
  /** Stops training; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

const where = "trainUnigram";
const maxVocabularySize = 2 ** 24;
/** Characters that were pruned come back with the least score and this much more for each. */
const scoreStep = 0.0001;
const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const spaces = { type: "Replace", pattern: { Regex: " {2,}" }, content: " " };
const defaultNormalizer = { type: "Sequence", normalizers: [{ type: "NFKC" }, spaces] };

/**
 * Trains a Unigram tokenizer (Kudo 2018), by default with T5's pre-tokenizer and end token.
 *
 * @throws TokenizerError for options that cannot be, among them a vocabulary that does not hold the characters of the texts
 * @throws TokenizerError if the texts hold nothing
 * @example
 * const tokenizer = await trainUnigram(documents, { vocabularySize: 8000 });
 */
export async function trainUnigram(texts: TrainingTexts, options: UnigramTrainingOptions): Promise<OffsetTokenizer> {
  const { vocabularySize, specialTokens = ["<pad>", "</s>", "<unk>"], unknownToken = "<unk>" } = options;
  checkOptions(options, specialTokens, unknownToken);
  const { normalizer = defaultNormalizer, preTokenizer = metaspace, decoder = metaspace } = options;
  const pace = new Pace<UnigramTrainingProgress>(options);
  const words = wordsOf(await countWords(where, texts, { normalizer, preTokenizer }, pace));
  const characters = charactersOf(words, options.initialAlphabet ?? []);
  const tokenCount = vocabularySize - specialTokens.length;
  if (characters.length > tokenCount) {
    throw new TokenizerError(
      `${where}: vocabularySize ${vocabularySize} does not hold the ${characters.length} different characters of the texts and ` +
        `${specialTokens.length} special tokens (raise it, or remove rare characters with the normalizer)`,
    );
  }
  const { maxTokenLength = 16, seedSize = 1_000_000, shrinkingFactor = 0.75, subIterations = 2 } = options;
  const progress = (tokens: number): UnigramTrainingProgress => ({
    ...{ phase: "pruning", vocabularySize: tokens + specialTokens.length, target: vocabularySize },
  });
  const learned = await learnUnigram(
    words,
    { tokenCount: vocabularySize, maxTokenLength, seedSize, shrinkingFactor, subIterations },
    (tokens) => pace.check(() => progress(tokens)),
  );
  const tokens = chooseTokens(learned, characters, tokenCount);
  pace.report(progress(tokens.length));
  return parseTokenizerJson({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedSpecialTokens(specialTokens),
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: options.postProcessor === undefined ? endTemplate(specialTokens) : options.postProcessor,
    decoder,
    model: {
      type: "Unigram",
      unk_id: specialTokens.indexOf(unknownToken),
      vocab: [...specialTokens.map((token) => [token, 0]), ...tokens.map(({ token, score }) => [token, score])],
      byte_fallback: false,
    },
  });
}

function checkOptions(options: UnigramTrainingOptions, specialTokens: readonly string[], unknownToken: string): void {
  const { vocabularySize, maxTokenLength = 16, seedSize = 1, shrinkingFactor = 0.75, subIterations = 2 } = options;
  checkSpecialTokens(where, specialTokens);
  checkVocabularySize(where, vocabularySize, specialTokens.length + 1, maxVocabularySize);
  if (!specialTokens.includes(unknownToken)) {
    throw new TokenizerError(
      `${where}: unknownToken ${JSON.stringify(unknownToken)} must be one of specialTokens (add it)`,
    );
  }
  if (!(shrinkingFactor > 0 && shrinkingFactor < 1)) {
    throw new TokenizerError(`${where}: shrinkingFactor must be between 0 and 1, got ${shrinkingFactor}`);
  }
  for (const [name, value] of Object.entries({ maxTokenLength, seedSize, subIterations })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new TokenizerError(`${where}: ${name} must be a whole number from 1, got ${value}`);
    }
  }
}

/** In the order of their code units: sums of floating point numbers then do not depend on the order of the texts. */
function wordsOf(counter: WordCounter): UnigramWords {
  const counted = [...counter.words()].sort((a, b) => (a.word < b.word ? -1 : 1));
  return { words: counted.map(({ word }) => word), counts: Float64Array.from(counted, ({ count }) => count) };
}

/** All characters in the order of code points. */
function charactersOf({ words }: UnigramWords, initial: Iterable<string>): string[] {
  const characters = new Set<string>();
  for (const word of words) for (const character of word) characters.add(character);
  for (const text of initial) for (const character of text) characters.add(character);
  return [...characters].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
}

/** Every character, then the tokens that are missed most; sorted by score. */
function chooseTokens(learned: readonly ScoredToken[], characters: readonly string[], count: number): ScoredToken[] {
  const scores = new Map(learned.map(({ token, score }) => [token, score]));
  const least = learned.reduce((minimum, { score }) => Math.min(minimum, score), Number.POSITIVE_INFINITY);
  let restored = 0;
  const chosen = new Map<string, number>();
  for (const character of characters) {
    chosen.set(character, scores.get(character) ?? least + restored++ * scoreStep);
  }
  for (const { token, score } of learned) {
    if (chosen.size >= count) break;
    chosen.set(token, score);
  }
  return [...chosen].map(([token, score]) => ({ token, score })).sort((a, b) => b.score - a.score);
}

function endTemplate(specialTokens: readonly string[]): object | null {
  const end = specialTokens.indexOf("</s>");
  if (end < 0) return null;
  const special = (type: number): object => ({ SpecialToken: { id: "</s>", type_id: type } });
  const text = (id: string, type: number): object => ({ Sequence: { id, type_id: type } });
  return {
    type: "TemplateProcessing",
    single: [text("A", 0), special(0)],
    pair: [text("A", 0), special(0), text("B", 1), special(1)],
    special_tokens: { "</s>": { id: "</s>", ids: [end], tokens: ["</s>"] } },
  };
}
