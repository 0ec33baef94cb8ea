// The tokenizer itself: added tokens are cut out, the rest is normalised, cut into pieces and byte-pair encoded.
import type { AddedToken, AddedTokenMatcher } from "./addedTokens.ts";
import { spelledBytes } from "./byteAlphabet.ts";
import { byteLevelPieces, pieceRanges } from "./byteLevelPieces.ts";
import type { Encoding } from "./encoding.ts";
import { type BpeTables, PieceEncoder } from "./pieceEncoder.ts";
import { type PostProcessor, type Surroundings, surroundings } from "./postProcessors.ts";
import { cutBySteps, type PreTokenizer } from "./preTokenizers.ts";
import { matchersOf, specialIds, TextPipeline } from "./textPipeline.ts";
import type { TextRewrite } from "./textRewrite.ts";
import { TokenBuffer } from "./tokenBuffer.ts";
import { TokenBytes } from "./tokenBytes.ts";
import type {
  AllowedSpecial,
  DecodeOptions,
  DecodeStream,
  EncodeOptions,
  OffsetOptions,
  OffsetTokenizer,
  TextInput,
} from "./tokenizer.ts";
import type { TokenizerShell } from "./tokenizerDefinition.ts";

/** Everything a byte-level BPE tokenizer is made of. */
export interface TokenizerParts {
  readonly tables: BpeTables;
  readonly addedTokens: readonly AddedToken[];
  /** Undefined: the text is taken as it is. */
  readonly normalize: TextRewrite | undefined;
  readonly preTokenizer: PreTokenizer;
  readonly postProcessor: PostProcessor;
  /** The rest of the definition, as `tokenizer.json` has it. */
  readonly shell: TokenizerShell;
}

const none: ReadonlySet<number> = new Set();
const utf8 = new TextEncoder();

export class ByteLevelTokenizer implements OffsetTokenizer {
  readonly vocabularySize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  /** What the tokenizer is made of, for writing it to a file. */
  readonly parts: TokenizerParts;
  readonly #encoder: PieceEncoder;
  readonly #rawMatcher: AddedTokenMatcher;
  readonly #normalizedMatcher: AddedTokenMatcher;
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #addedContents: ReadonlyMap<number, string>;
  readonly #specialIds: ReadonlySet<number>;
  readonly #surroundings: Surroundings;
  /** Whether a piece is encoded differently at the start of the text than elsewhere. */
  readonly #dependsOnPlaces: boolean;
  readonly #out = new TokenBuffer();
  #tokenBytes: TokenBytes | undefined;
  #withOffsets: TextPipeline | undefined;

  constructor(parts: TokenizerParts) {
    this.parts = parts;
    const { addedTokens, normalize, tables } = parts;
    const highest = addedTokens.reduce((max, token) => Math.max(max, token.id), -1);
    this.vocabularySize = Math.max(tables.vocabulary.size, highest + 1);
    const special = addedTokens.filter((token) => token.special);
    this.specialTokens = new Map(special.map((token) => [token.content, token.id]));
    this.#addedIds = new Map(addedTokens.map((token) => [token.content, token.id]));
    const { raw, normalized, contents } = matchersOf(addedTokens, normalize);
    this.#rawMatcher = raw;
    this.#normalizedMatcher = normalized;
    this.#addedContents = contents;
    this.#specialIds = specialIds(contents, this.specialTokens);
    this.#surroundings = surroundings(parts.postProcessor);
    this.#encoder = new PieceEncoder(tables);
    this.#dependsOnPlaces = parts.preTokenizer.steps.some((step) => "rewrite" in step && step.onlyAtStart);
  }

  encode(text: string, options: EncodeOptions = {}): Uint32Array {
    if (typeof text !== "string") {
      throw new TypeError(
        `encode: expected a string, got ${text === null ? "null" : typeof text} (pass one text at a time)`,
      );
    }
    const { addSpecialTokens = true, allowedSpecial = "none" } = options;
    const out = this.#out;
    out.length = 0;
    if (addSpecialTokens) for (const id of this.#surroundings.before) out.push(id);
    if (this.#dependsOnPlaces) for (const { id } of this.#pipeline().tokens(text, allowedSpecial)) out.push(id);
    else this.#encodeSections(text, allowedSpecial, out);
    if (addSpecialTokens) for (const id of this.#surroundings.after) out.push(id);
    return out.take();
  }

  #encodeSections(text: string, allowed: AllowedSpecial, out: TokenBuffer): void {
    for (const { id, start, end } of this.#rawMatcher.split(text, allowed)) {
      if (id !== undefined) out.push(id);
      else this.#encodeRaw(text.slice(start, end), allowed, out);
    }
  }

  #encodeRaw(text: string, allowed: AllowedSpecial, out: TokenBuffer): void {
    const { normalize, preTokenizer } = this.parts;
    const normalized = normalize ? normalize.rewrite(text) : text;
    for (const { id, start, end } of this.#normalizedMatcher.split(normalized, allowed)) {
      if (id !== undefined) {
        out.push(id);
        continue;
      }
      const part = normalized.slice(start, end);
      const pieces = preTokenizer.steps.length === 0 ? [part] : cutBySteps(part, preTokenizer.steps);
      for (const piece of pieces) this.#encoder.encode(piece, preTokenizer.cutter, out);
    }
  }

  encodeBatch(texts: readonly string[], options: EncodeOptions = {}): Uint32Array[] {
    return texts.map((text) => this.encode(text, options));
  }

  encodeWithOffsets(text: TextInput, options: OffsetOptions = {}): Encoding {
    return this.#pipeline().encode([text], options)[0]!;
  }

  encodeBatchWithOffsets(texts: readonly TextInput[], options: OffsetOptions = {}): Encoding[] {
    return this.#pipeline().encode(texts, options);
  }

  /** Made when offsets are first asked for. */
  #pipeline(): TextPipeline {
    const { preTokenizer, tables } = this.parts;
    this.#withOffsets ??= new TextPipeline({
      ...this.parts,
      steps: [...preTokenizer.steps, { cut: (text) => pieceRanges(text, preTokenizer.cutter) }],
      tokenizePiece: byteLevelPieces(tables, this.#encoder),
      tokenToId: (token) => this.tokenToId(token),
    });
    return this.#withOffsets;
  }

  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const skip = options.skipSpecialTokens ? this.#specialIds : none;
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#bytes().concatenate(ids, skip));
  }

  decodeStream(options: DecodeOptions = {}): DecodeStream {
    const skip = options.skipSpecialTokens ? this.#specialIds : none;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const bytes = this.#bytes();
    return {
      push: (id) => decoder.decode(bytes.concatenate([id], skip), { stream: true }),
      end: () => decoder.decode(),
    };
  }

  tokenToId(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.parts.tables.vocabulary.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.#addedContents.get(id) ?? this.parts.tables.vocabulary.idToToken(id);
  }

  #bytes(): TokenBytes {
    this.#tokenBytes ??= new TokenBytes(this.vocabularySize, (id) => {
      const content = this.#addedContents.get(id);
      // An added token that the byte alphabet can spell is read as such: as Hugging Face's ByteLevel decoder does.
      return content === undefined
        ? this.parts.tables.vocabulary.bytesOf(id)
        : (spelledBytes(content) ?? utf8.encode(content));
    });
    return this.#tokenBytes;
  }
}
