// The interface that every tokenizer of this package has, and the options of its methods.
import type { Encoding } from "./encoding.ts";
import type { Padding } from "./padding.ts";
import type { Truncation } from "./truncation.ts";

/** Options of {@link Tokenizer.encode}. */
export interface EncodeOptions {
  /** Add what the tokenizer's post-processor adds around a text (for example a begin-of-text token). Default true. */
  addSpecialTokens?: boolean;
  /**
   * Which special tokens are recognised where they are spelled out in the text. By default none: text from outside cannot
   * forge an end-of-text or a change of speaker. `"all"` is what Hugging Face `tokenizers` does by default.
   */
  allowedSpecial?: AllowedSpecial;
}

/** Options of {@link OffsetTokenizer.encodeWithOffsets}. */
export interface OffsetOptions extends EncodeOptions {
  /** How long texts are cut; `false`: not at all. Default: as the tokenizer's file says. */
  truncation?: Truncation | false;
  /** How texts of a batch are made equally long; `false`: not at all. Default: as the tokenizer's file says. */
  padding?: Padding | false;
}

/** A text, or two that belong together (question and passage, premise and hypothesis). */
export type TextInput = string | readonly [first: string, second: string];

/** See {@link EncodeOptions.allowedSpecial}. */
export type AllowedSpecial = "all" | "none" | ReadonlySet<string>;

/** Options of {@link Tokenizer.decode}. */
export interface DecodeOptions {
  /** Leave special tokens out of the text. Default false. */
  skipSpecialTokens?: boolean;
}

/** Turns ids into text one at a time; see {@link Tokenizer.decodeStream}. */
export interface DecodeStream {
  /** The text that became complete with this id; empty while a character is still unfinished. */
  push(id: number): string;
  /** The rest: U+FFFD for a character that was never finished, otherwise empty. The stream can then be used anew. */
  end(): string;
}

/** Text to token ids and back. Made by `loadTokenizer`, `parseTokenizerJson`, `loadTiktoken` or `trainByteLevelBpe`. */
export interface Tokenizer {
  /** Ids are 0 … `vocabularySize` - 1, added tokens included. */
  readonly vocabularySize: number;
  /** The special tokens and their ids. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /**
   * The ids of `text`. Never throws for a string: a lone surrogate is read as U+FFFD.
   *
   * @example
   * const ids = tokenizer.encode("Hello world");
   * tokenizer.decode(ids); // "Hello world"
   */
  encode(text: string, options?: EncodeOptions): Uint32Array;
  /** `encode` of each text. */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): Uint32Array[];
  /**
   * The text of `ids`. Bytes that are not valid UTF-8 become U+FFFD.
   * @throws TokenizerError for an id that is no token.
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** A decoder for ids that arrive one by one. It never emits half a character, and what it emits adds up to `decode`. */
  decodeStream(options?: DecodeOptions): DecodeStream;
  /** The id of a token as `tokenizer.json` spells it (byte-level: `"Ġthe"`), or undefined. */
  tokenToId(token: string): number | undefined;
  /** The token of an id as `tokenizer.json` spells it, or undefined. */
  idToToken(id: number): string | undefined;
}

/** A tokenizer that also tells where tokens are in the text: every tokenizer that this package makes. */
export interface OffsetTokenizer extends Tokenizer {
  /**
   * The ids of a text or of a pair of texts, with each token's place in its text, types and masks; cut and padded as the
   * tokenizer's file or the options say. Slower than {@link Tokenizer.encode}.
   *
   * @throws TypeError for what is neither, and TokenizerError for a truncation or padding that cannot be
   * @example
   * const { tokens, offsets } = tokenizer.encodeWithOffsets("Hello world");
   * "Hello world".slice(...offsets[0]);
   */
  encodeWithOffsets(text: TextInput, options?: OffsetOptions): Encoding;
  /** `encodeWithOffsets` of each text; padding makes them equally long. */
  encodeBatchWithOffsets(texts: readonly TextInput[], options?: OffsetOptions): Encoding[];
}
