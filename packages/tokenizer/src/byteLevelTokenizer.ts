// The tokenizer itself: added tokens are cut out, the rest is normalised, cut into pieces and byte-pair encoded.
import { type AddedToken, AddedTokenMatcher } from "./addedTokens.ts";
import { spelledBytes } from "./byteAlphabet.ts";
import { type BpeTables, PieceEncoder } from "./pieceEncoder.ts";
import type { PreTokenizer } from "./preTokenizers.ts";
import { TokenBuffer } from "./tokenBuffer.ts";
import { TokenBytes } from "./tokenBytes.ts";
import type { AllowedSpecial, DecodeOptions, DecodeStream, EncodeOptions, Tokenizer } from "./tokenizer.ts";
import type { TokenizerShell } from "./tokenizerDefinition.ts";

/** Everything a byte-level BPE tokenizer is made of. */
export interface TokenizerParts {
  readonly tables: BpeTables;
  readonly addedTokens: readonly AddedToken[];
  /** Undefined: the text is taken as it is. */
  readonly normalize: ((text: string) => string) | undefined;
  readonly preTokenizer: PreTokenizer;
  /** The ids that the post-processor puts before and after a text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The rest of the definition, as `tokenizer.json` has it. */
  readonly shell: TokenizerShell;
}

const none: ReadonlySet<number> = new Set();
const utf8 = new TextEncoder();

export class ByteLevelTokenizer implements Tokenizer {
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
  readonly #out = new TokenBuffer();
  #tokenBytes: TokenBytes | undefined;

  constructor(parts: TokenizerParts) {
    this.parts = parts;
    const { addedTokens, normalize, tables } = parts;
    const highest = addedTokens.reduce((max, token) => Math.max(max, token.id), -1);
    this.vocabularySize = Math.max(tables.vocabulary.size, highest + 1);
    const special = addedTokens.filter((token) => token.special);
    this.specialTokens = new Map(special.map((token) => [token.content, token.id]));
    this.#specialIds = new Set(this.specialTokens.values());
    this.#addedIds = new Map(addedTokens.map((token) => [token.content, token.id]));
    const raw = addedTokens.filter((token) => !token.normalized);
    const normalized = addedTokens
      .filter((token) => token.normalized)
      .map((token) => (normalize ? { ...token, content: normalize(token.content) } : token));
    this.#rawMatcher = new AddedTokenMatcher(raw);
    this.#normalizedMatcher = new AddedTokenMatcher(normalized);
    // An id is read as what was found in the text, which may have been normalised: as Hugging Face does.
    this.#addedContents = new Map([...raw, ...normalized].map((token) => [token.id, token.content]));
    this.#encoder = new PieceEncoder(tables);
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
    if (addSpecialTokens) for (const id of this.parts.before) out.push(id);
    for (const part of this.#rawMatcher.split(text, allowedSpecial)) {
      if ("id" in part) out.push(part.id);
      else this.#encodeRaw(part.text, allowedSpecial, out);
    }
    if (addSpecialTokens) for (const id of this.parts.after) out.push(id);
    return out.take();
  }

  #encodeRaw(text: string, allowed: AllowedSpecial, out: TokenBuffer): void {
    const { normalize, preTokenizer } = this.parts;
    const normalized = normalize ? normalize(text) : text;
    for (const part of this.#normalizedMatcher.split(normalized, allowed)) {
      if ("id" in part) out.push(part.id);
      else if (preTokenizer.steps.length === 0) this.#encoder.encode(part.text, preTokenizer.scan, out);
      else
        for (const piece of splitBySteps(part.text, preTokenizer)) this.#encoder.encode(piece, preTokenizer.scan, out);
    }
  }

  encodeBatch(texts: readonly string[], options: EncodeOptions = {}): Uint32Array[] {
    return texts.map((text) => this.encode(text, options));
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

function splitBySteps(text: string, preTokenizer: PreTokenizer): string[] {
  let pieces = [text.replace(/\p{Cs}/gu, "\ufffd")];
  for (const step of preTokenizer.steps) pieces = pieces.flatMap(step);
  return pieces.filter((piece) => piece !== "");
}
