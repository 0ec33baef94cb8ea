// Training of WordPiece as Hugging Face's WordPieceTrainer does it: byte pair encoding on characters, where a character that
// does not start its word carries a prefix; the merged tokens are the vocabulary.
import { TokenizerError } from "./errors.ts";
import { maxMerges } from "./mergePiece.ts";
import { SymbolBuilder } from "./symbolWords.ts";
import type { OffsetTokenizer } from "./tokenizer.ts";
import { parseTokenizerJson } from "./tokenizerJson.ts";
import type { BpeTrainingProgress } from "./trainBpe.ts";
import { addedSpecialTokens, checkSpecialTokens, checkVocabularySize } from "./trainedTokenizer.ts";
import { Pace } from "./trainingPace.ts";
import { countWords, type TrainingTexts } from "./trainingTexts.ts";
import { MergeTrainer, type SymbolWords } from "./trainMerges.ts";
import type { WordCounter } from "./trainWords.ts";

/** Options of {@link trainWordPiece}. */
export interface WordPieceTrainingOptions {
  /** Tokens in all: special tokens, characters with and without prefix, and merges. Fewer if no pair is frequent enough. */
  readonly vocabularySize: number;
  /** Get the first ids, in this order; `unknownToken` must be one. Default BERT's: `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]`, `[MASK]`. */
  readonly specialTokens?: readonly string[];
  /** Stands for a word that cannot be spelled. Default `"[UNK]"`. */
  readonly unknownToken?: string;
  /** Stands before tokens that do not start a word. Default `"##"`. */
  readonly continuingPrefix?: string;
  /** Pairs that occur less often are not merged. Default 2. */
  readonly minFrequency?: number;
  /** Tokens of three and more characters, the prefix not counted, stay shorter than this. Default: no limit. */
  readonly maxTokenLength?: number;
  /** At most so many characters are learned, the commonest; words with others become unknown. Default 1000. */
  readonly limitAlphabet?: number;
  /** Characters that are learned even if the texts lack them. Default none. */
  readonly initialAlphabet?: Iterable<string>;
  /** Letters in lower case and without accents, as in BERT uncased. Default true. Only for the default `normalizer`. */
  readonly lowercase?: boolean;
  /** As in `tokenizer.json`. Default: BERT's, see `lowercase`. `null`: none. */
  readonly normalizer?: object | null;
  /** As in `tokenizer.json`. Default: BERT's. */
  readonly preTokenizer?: object | null;
  /** As in `tokenizer.json`. Default: `[CLS] $A [SEP]` and `[CLS] $A [SEP] $B [SEP]` if these are special tokens, else none. */
  readonly postProcessor?: object | null;
  /** Called some times a second. */
  readonly onProgress?: (progress: BpeTrainingProgress) => void;
  /** Stops training; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

const where = "trainWordPiece";
const bertTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
/** BERT's; longer words are unknown. */
const maxWordCharacters = 100;
/** Merges between two looks at the clock. */
const mergesPerCheck = 64;

/**
 * Trains a WordPiece tokenizer (Schuster and Nakajima 2012), by default with BERT's normaliser, pre-tokenizer and template.
 *
 * Hugging Face numbers the prefixed characters in the order of a hash table, and these numbers decide between pairs of equal
 * count; so its vocabulary differs a little from run to run. Here they come in the order of code points.
 *
 * @throws TokenizerError for options that cannot be, and if the texts hold nothing
 * @example
 * const tokenizer = await trainWordPiece(documents, { vocabularySize: 30_522 });
 */
export async function trainWordPiece(
  texts: TrainingTexts,
  options: WordPieceTrainingOptions,
): Promise<OffsetTokenizer> {
  const { specialTokens = bertTokens, unknownToken = "[UNK]", continuingPrefix = "##" } = options;
  checkOptions(options, specialTokens, unknownToken);
  const pace = new Pace<BpeTrainingProgress>(options);
  const { normalizer = bertNormalizer(options.lowercase ?? true), preTokenizer = { type: "BertPreTokenizer" } } =
    options;
  const words = await countWords(where, texts, { normalizer, preTokenizer }, pace);
  const tokens = new TokenList(specialTokens);
  for (const character of alphabetOf(words, options)) tokens.idOf(character);
  const symbols = characterWords(words, tokens, continuingPrefix);
  if (tokens.size > options.vocabularySize) {
    throw new TokenizerError(
      `${where}: vocabularySize ${options.vocabularySize} does not hold the ${tokens.size} special tokens and characters with ` +
        "and without prefix (raise it, or lower limitAlphabet)",
    );
  }
  await learnTokens(symbols, tokens, { ...options, continuingPrefix }, pace);
  return parseTokenizerJson({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedSpecialTokens(specialTokens),
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: options.postProcessor === undefined ? bertTemplate(specialTokens) : options.postProcessor,
    decoder: { type: "WordPiece", prefix: continuingPrefix, cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: unknownToken,
      continuing_subword_prefix: continuingPrefix,
      max_input_chars_per_word: maxWordCharacters,
      vocab: tokens.toVocabulary(),
    },
  });
}

function checkOptions(options: WordPieceTrainingOptions, specialTokens: readonly string[], unknownToken: string): void {
  const { vocabularySize, minFrequency = 2, maxTokenLength = 2, limitAlphabet = 1 } = options;
  checkSpecialTokens(where, specialTokens);
  checkVocabularySize(where, vocabularySize, specialTokens.length + 1, maxMerges);
  if (!specialTokens.includes(unknownToken)) {
    throw new TokenizerError(
      `${where}: unknownToken ${JSON.stringify(unknownToken)} must be one of specialTokens (add it)`,
    );
  }
  if (!(minFrequency >= 0) || !(maxTokenLength >= 2) || !(limitAlphabet >= 1)) {
    throw new TokenizerError(
      `${where}: minFrequency must be at least 0, maxTokenLength at least 2 and limitAlphabet at least 1, got ` +
        `${minFrequency}, ${maxTokenLength} and ${limitAlphabet}`,
    );
  }
}

/** The characters that are learned, in the order of code points. */
function alphabetOf(words: WordCounter, options: WordPieceTrainingOptions): string[] {
  const { limitAlphabet = 1000, initialAlphabet = [] } = options;
  const counts = new Map<string, number>();
  for (const { word, count } of words.words()) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  for (const text of initialAlphabet) {
    for (const character of text) counts.set(character, Number.POSITIVE_INFINITY);
  }
  const byCodePoint = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)!;
  const byCount = [...counts].sort(([a, left], [b, right]) =>
    left === right ? byCodePoint(a, b) : right > left ? 1 : -1,
  );
  return byCount
    .slice(0, limitAlphabet)
    .map(([character]) => character)
    .sort(byCodePoint);
}

/** Tokens with their ids 0, 1, 2, … */
class TokenList {
  readonly #tokens: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(tokens: readonly string[]) {
    for (const token of tokens) this.idOf(token);
  }

  get size(): number {
    return this.#tokens.length;
  }

  has(token: string): boolean {
    return this.#ids.has(token);
  }

  /** The id of a token, which is added if it is new. */
  idOf(token: string): number {
    let id = this.#ids.get(token);
    if (id === undefined) {
      id = this.#tokens.length;
      this.#tokens.push(token);
      this.#ids.set(token, id);
    }
    return id;
  }

  token(id: number): string {
    return this.#tokens[id]!;
  }

  /** As `tokenizer.json` has it. Without a prototype, "__proto__" is a token like any other. */
  toVocabulary(): object {
    return Object.assign(Object.create(null), Object.fromEntries(this.#ids)) as object;
  }
}

/** The words as ids of their characters; those that are not learned are left out. Adds the prefixed characters to `tokens`. */
function characterWords(words: WordCounter, tokens: TokenList, prefix: string): SymbolWords {
  const continuing = new Set<string>();
  for (const { word } of words.words()) {
    let isFirst = true;
    for (const character of word) {
      if (!isFirst && tokens.has(character)) continuing.add(character);
      isFirst = false;
    }
  }
  const inOrder = [...continuing].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  const prefixedIds = new Map(inOrder.map((character) => [character, tokens.idOf(prefix + character)]));
  const builder = new SymbolBuilder(words.size);
  for (const { word, count } of words.words()) {
    let isFirst = true;
    for (const character of word) {
      if (isFirst && tokens.has(character)) builder.push(tokens.idOf(character));
      const prefixed = isFirst ? undefined : prefixedIds.get(character);
      if (prefixed !== undefined) builder.push(prefixed);
      isFirst = false;
    }
    builder.endWord(count);
  }
  return builder.words();
}

async function learnTokens(
  words: SymbolWords,
  tokens: TokenList,
  options: WordPieceTrainingOptions & { readonly continuingPrefix: string },
  pace: Pace<BpeTrainingProgress>,
): Promise<void> {
  const { vocabularySize, minFrequency = 2, maxTokenLength = Number.POSITIVE_INFINITY, continuingPrefix } = options;
  const trainer = new MergeTrainer({ words, alphabetSize: tokens.size, minFrequency, maxTokenLength });
  const progress = (): BpeTrainingProgress => ({
    ...{ phase: "merging", vocabularySize: tokens.size, target: vocabularySize },
  });
  for (let merge = 0; tokens.size < vocabularySize; merge++) {
    const pair = trainer.next();
    if (!pair) break;
    const right = tokens.token(pair.right);
    const rest = right.startsWith(continuingPrefix) ? right.slice(continuingPrefix.length) : right;
    trainer.merge(pair, tokens.idOf(tokens.token(pair.left) + rest));
    if (merge % mergesPerCheck === 0) await pace.check(progress);
  }
  pace.report(progress());
}

function bertNormalizer(lowercase: boolean): object {
  return { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase };
}

function bertTemplate(specialTokens: readonly string[]): object | null {
  const [start, end] = [specialTokens.indexOf("[CLS]"), specialTokens.indexOf("[SEP]")];
  if (start < 0 || end < 0) return null;
  const special = (id: string, type: number): object => ({ SpecialToken: { id, type_id: type } });
  const text = (id: string, type: number): object => ({ Sequence: { id, type_id: type } });
  const single = [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)];
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1), special("[SEP]", 1)],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [start], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [end], tokens: ["[SEP]"] },
    },
  };
}
