// The tokenizer around a model that works on characters: WordPiece or Unigram.

import type { AddedToken } from "./addedTokens.ts";
import type { CharacterModel } from "./characterModel.ts";
import { type DecoderStep, isByteToken } from "./decoders.ts";
import type { Encoding } from "./encoding.ts";
import { TokenizerError } from "./errors.ts";
import { type PostProcessor, type Surroundings, surroundings } from "./postProcessors.ts";
import type { PreTokenizerStep } from "./preTokenizers.ts";
import { checkStreamed } from "./streamedDecoder.ts";
import { matchersOf, specialIds, TextPipeline } from "./textPipeline.ts";
import type { TextRewrite } from "./textRewrite.ts";
import type {
  DecodeOptions,
  DecodeStream,
  EncodeOptions,
  OffsetOptions,
  OffsetTokenizer,
  TextInput,
} from "./tokenizer.ts";
import type { TokenizerShell } from "./tokenizerDefinition.ts";

/** Everything a tokenizer on characters is made of. */
export interface CharacterTokenizerParts {
  readonly model: CharacterModel;
  readonly addedTokens: readonly AddedToken[];
  readonly normalize: TextRewrite | undefined;
  readonly steps: readonly PreTokenizerStep[];
  readonly postProcessor: PostProcessor;
  /** Undefined: tokens are joined with spaces. */
  readonly decoder: DecoderStep | undefined;
  /** The rest of the definition, as `tokenizer.json` has it. */
  readonly shell: TokenizerShell;
}

export class CharacterTokenizer implements OffsetTokenizer {
  readonly vocabularySize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  /** What the tokenizer is made of, for writing it to a file. */
  readonly parts: CharacterTokenizerParts;
  readonly #pipeline: TextPipeline;
  readonly #surroundings: Surroundings;
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #addedContents: ReadonlyMap<number, string>;
  readonly #specialIds: ReadonlySet<number>;

  constructor(parts: CharacterTokenizerParts) {
    const { addedTokens, model, normalize } = parts;
    this.parts = parts;
    const highest = addedTokens.reduce((max, token) => Math.max(max, token.id), -1);
    this.vocabularySize = Math.max(model.vocabularySize, highest + 1);
    const special = addedTokens.filter((token) => token.special);
    this.specialTokens = new Map(special.map((token) => [token.content, token.id]));
    this.#addedIds = new Map(addedTokens.map((token) => [token.content, token.id]));
    this.#addedContents = matchersOf(addedTokens, normalize).contents;
    this.#specialIds = specialIds(this.#addedContents, this.specialTokens);
    this.#surroundings = surroundings(parts.postProcessor);
    this.#pipeline = new TextPipeline({
      ...parts,
      tokenizePiece: model.tokenizePiece,
      tokenToId: (token) => this.tokenToId(token),
    });
  }

  encode(text: string, options: EncodeOptions = {}): Uint32Array {
    if (typeof text !== "string") {
      throw new TypeError(
        `encode: expected a string, got ${text === null ? "null" : typeof text} (pass one text at a time)`,
      );
    }
    const { addSpecialTokens = true, allowedSpecial = "none" } = options;
    const ids: number[] = addSpecialTokens ? [...this.#surroundings.before] : [];
    for (const { id } of this.#pipeline.tokens(text, allowedSpecial)) ids.push(id);
    if (addSpecialTokens) ids.push(...this.#surroundings.after);
    return Uint32Array.from(ids);
  }

  encodeBatch(texts: readonly string[], options: EncodeOptions = {}): Uint32Array[] {
    return texts.map((text) => this.encode(text, options));
  }

  encodeWithOffsets(text: TextInput, options: OffsetOptions = {}): Encoding {
    return this.#pipeline.encode([text], options)[0]!;
  }

  encodeBatchWithOffsets(texts: readonly TextInput[], options: OffsetOptions = {}): Encoding[] {
    return this.#pipeline.encode(texts, options);
  }

  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const skip = options.skipSpecialTokens ?? false;
    const tokens = Array.from(ids, (id, index) => this.#token(id, index));
    return this.#join(skip ? tokens.filter((_, index) => !this.#specialIds.has(ids[index]!)) : tokens);
  }

  /**
   * Text is emitted once no later token can change it: a run of byte tokens when it is over.
   * @throws TokenizerError for a decoder whose text any later token can change
   */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    checkStreamed(this.parts.shell.decoder);
    const skip = options.skipSpecialTokens ?? false;
    // The last token that is out stays in front, because tokens at the start of a text are written differently.
    let context: string[] = [];
    let pending: string[] = [];
    const emit = (mayGoOn: boolean): string => {
      const done = this.#join(context);
      const text = this.#join([...context, ...pending]).slice(done.length);
      // The last character may go on in the next token.
      if (mayGoOn && text.endsWith("\ufffd")) return "";
      if (pending.length > 0) context = [...context, ...pending].slice(context.length === 0 ? 0 : -2);
      pending = [];
      return text;
    };
    return {
      push: (id) => {
        const token = this.#token(id, 0);
        if (skip && this.#specialIds.has(id)) return "";
        pending.push(token);
        return isByteToken(token) ? "" : emit(true);
      },
      end: () => {
        const text = emit(false);
        context = [];
        return text;
      },
    };
  }

  tokenToId(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.parts.model.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.#addedContents.get(id) ?? this.parts.model.idToToken(id);
  }

  #token(id: number, index: number): string {
    const token = this.idToToken(id);
    if (token !== undefined) return token;
    throw new TokenizerError(
      `decode: id ${id} at index ${index} is no token of this vocabulary of ${this.vocabularySize} ` +
        "(decode with the tokenizer that made the ids)",
    );
  }

  #join(tokens: readonly string[]): string {
    const { decoder } = this.parts;
    return decoder ? decoder(tokens).join("") : tokens.join(" ");
  }
}
