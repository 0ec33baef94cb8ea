// From a text to its tokens with their places in it: added tokens are cut out, the rest is normalised, cut into pieces and
// given to the model; then truncation, what is put around the text, and padding.
import { type AddedToken, AddedTokenMatcher } from "./addedTokens.ts";
import { AlignedText } from "./alignedText.ts";
import {
  type Encoding,
  joinWindows,
  type PlacedToken,
  type TextToken,
  type TokenWindows,
  toEncoding,
} from "./encoding.ts";
import { findPaddingToken, type Padding, padTexts, parsePadding } from "./padding.ts";
import type { PostProcessor, Trim } from "./postProcessors.ts";
import { cutAligned, type PreTokenizerStep } from "./preTokenizers.ts";
import type { TextRewrite } from "./textRewrite.ts";
import type { AllowedSpecial, OffsetOptions, TextInput } from "./tokenizer.ts";
import type { TokenizerShell } from "./tokenizerDefinition.ts";
import { parseTruncation, type Truncation, truncateTexts } from "./truncation.ts";

/** Gives the tokens of one piece in turn; places are code units of the piece, not empty. */
export type PieceTokenizer = (piece: string) => Iterable<TextToken>;

/** What a pipeline is made of. */
export interface TextPipelineParts {
  readonly addedTokens: readonly AddedToken[];
  readonly normalize: TextRewrite | undefined;
  readonly steps: readonly PreTokenizerStep[];
  readonly tokenizePiece: PieceTokenizer;
  readonly postProcessor: PostProcessor;
  readonly shell: TokenizerShell;
  readonly tokenToId: (token: string) => number | undefined;
}

/** Ġ is the space in the byte alphabet. */
const spaceBefore = /^[Ġ\p{White_Space}]*/u;
const spaceBehind = /(?<![Ġ\p{White_Space}])[Ġ\p{White_Space}]*$/u;

export class TextPipeline {
  readonly #parts: TextPipelineParts;
  readonly #rawMatcher: AddedTokenMatcher;
  readonly #normalizedMatcher: AddedTokenMatcher;
  readonly #truncation: Truncation | undefined;
  readonly #padding: (Padding & { readonly id: number }) | undefined;

  constructor(parts: TextPipelineParts) {
    this.#parts = parts;
    const { raw, normalized } = matchersOf(parts.addedTokens, parts.normalize);
    this.#rawMatcher = raw;
    this.#normalizedMatcher = normalized;
    this.#truncation = parseTruncation(parts.shell.truncation);
    this.#padding = parsePadding(parts.shell.padding);
  }

  /** The tokens of one text, without anything around it. */
  *tokens(text: string, allowed: AllowedSpecial): Generator<TextToken> {
    const whole = AlignedText.of(text.replace(/\p{Cs}/gu, "\ufffd"));
    for (const part of this.#rawMatcher.split(whole.text, allowed)) {
      const section = whole.slice(part.start, part.end);
      if (part.id !== undefined) yield placed(part.id, section);
      else yield* this.#normalizedTokens(section, allowed);
    }
  }

  *#normalizedTokens(section: AlignedText, allowed: AllowedSpecial): Generator<TextToken> {
    const { normalize, steps, tokenizePiece } = this.#parts;
    const normalized = normalize ? normalize.rewriteAligned(section) : section;
    for (const part of this.#normalizedMatcher.split(normalized.text, allowed)) {
      const inner = normalized.slice(part.start, part.end);
      if (part.id !== undefined) {
        yield placed(part.id, inner);
        continue;
      }
      for (const piece of cutAligned(inner, steps)) {
        for (const token of tokenizePiece(piece.text)) {
          const [start, end] = piece.originalRange(token.start, token.end);
          yield { ...token, start, end };
        }
      }
    }
  }

  /** Encodes texts that are padded together. */
  encode(inputs: readonly TextInput[], options: OffsetOptions): Encoding[] {
    const windows = inputs.map((input) => this.#encodeOne(input, options));
    const padding = options.padding === undefined ? this.#padding : options.padding || undefined;
    if (!padding) return windows.map(toEncoding);
    const fromFile = this.#padding && { id: this.#padding.id, token: this.#padding.token! };
    const token = findPaddingToken(padding, fromFile, this.#parts.tokenToId);
    return padTexts(windows, padding, token).map(toEncoding);
  }

  #encodeOne(input: TextInput, options: OffsetOptions): TokenWindows {
    const { addSpecialTokens = true, allowedSpecial = "none" } = options;
    const texts = checkInput(input);
    const processor = addSpecialTokens ? this.#parts.postProcessor : this.#bareProcessor();
    const template = texts.length === 1 ? processor.single : processor.pair;
    const added = template.reduce((sum, item) => sum + item.ids.length, 0);
    const placedTexts = texts.map((text, index) =>
      Array.from(this.tokens(text, allowedSpecial), (token) => ({
        ...token,
        ...{ typeId: index, isSpecial: false, isPadding: false },
      })),
    );
    const truncation = options.truncation === undefined ? this.#truncation : options.truncation || undefined;
    const cut: TokenWindows[] = truncation
      ? truncateTexts(placedTexts, truncation, added)
      : placedTexts.map((main) => ({ main, overflowing: [] }));
    const windows = cut.map(({ main, overflowing }, index) => ({
      main: this.#trimmed(main, texts[index]!),
      overflowing: overflowing.map((window) => this.#trimmed(window, texts[index]!)),
    }));
    return template
      .map((item): TokenWindows => {
        if (item.sequence !== undefined) return withType(windows[item.sequence]!, item.typeId);
        const main = item.ids.map((id, index) => ({
          ...{ id, token: item.tokens[index] ?? "", start: 0, end: 0 },
          ...{ typeId: item.typeId ?? 0, isSpecial: true, isPadding: false },
        }));
        return { main, overflowing: [] };
      })
      .reduce(joinWindows, { main: [], overflowing: [] });
  }

  /** Types and trimming as the post-processor has them, but no tokens around the texts. */
  #bareProcessor(): PostProcessor {
    const { single, pair, trims } = this.#parts.postProcessor;
    const bare = (items: PostProcessor["single"]): PostProcessor["single"] =>
      items.filter((item) => item.sequence !== undefined);
    return { single: bare(single), pair: bare(pair), trims };
  }

  /** Trimming comes after the cut: it treats the first token of each window differently. */
  #trimmed(tokens: readonly PlacedToken[], text: string): readonly PlacedToken[] {
    return this.#parts.postProcessor.trims.reduce(
      (trimmed, trim) => trimmed.map((token, index) => ({ ...token, ...trimSpace(text, token, index === 0, trim) })),
      tokens,
    );
  }
}

/** The matchers for added tokens: in the text as it came, and in the normalised text. */
export function matchersOf(
  addedTokens: readonly AddedToken[],
  normalize: TextRewrite | undefined,
): { readonly raw: AddedTokenMatcher; readonly normalized: AddedTokenMatcher; readonly contents: Map<number, string> } {
  const raw = addedTokens.filter((token) => !token.normalized);
  const normalized = addedTokens
    .filter((token) => token.normalized)
    .map((token) => (normalize ? { ...token, content: normalize.rewrite(token.content) } : token));
  // An id is read as what was found in the text, which may have been normalised: as Hugging Face does.
  const contents = new Map([...raw, ...normalized].map((token) => [token.id, token.content]));
  return { raw: new AddedTokenMatcher(raw), normalized: new AddedTokenMatcher(normalized), contents };
}

/** The ids that `skipSpecialTokens` leaves out: Hugging Face knows a special token by what it is read as. */
export function specialIds(
  contents: ReadonlyMap<number, string>,
  special: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  return new Set([...contents].filter(([, content]) => special.has(content)).map(([id]) => id));
}

function placed(id: number, part: AlignedText): TextToken {
  const [start, end] = part.originalRange(0, part.text.length);
  return { id, token: part.text, start, end };
}

function withType({ main, overflowing }: TokenWindows, typeId: number | undefined): TokenWindows {
  if (typeId === undefined) return { main, overflowing };
  const typed = (tokens: readonly PlacedToken[]): PlacedToken[] => tokens.map((token) => ({ ...token, typeId }));
  return { main: typed(main), overflowing: overflowing.map(typed) };
}

function checkInput(input: TextInput): readonly string[] {
  const texts = typeof input === "string" ? [input] : input;
  if (!Array.isArray(texts) || texts.length < 1 || texts.length > 2 || texts.some((text) => typeof text !== "string")) {
    throw new TypeError(
      `encodeWithOffsets: expected a string or a pair of strings, got ${input === null ? "null" : typeof input}`,
    );
  }
  return texts;
}

/**
 * Leaves white space at the ends of a token out of its place in `text`. Where a prefix space may have been added, one space is
 * taken for that one, which is not in the text.
 */
function trimSpace(text: string, token: TextToken, isFirst: boolean, { addPrefixSpace }: Trim): TextToken {
  const leading = spaceBefore.exec(token.token)![0].length;
  const trailing = spaceBehind.exec(token.token)![0].length;
  let { start, end } = token;
  if (!(leading === 1 && addPrefixSpace && (isFirst || token.start === 0))) {
    for (let left = leading; left > 0 && start < end; left--) start += text.codePointAt(start)! > 0xffff ? 2 : 1;
  }
  for (let left = trailing; left > 0 && end > start; left--) {
    end -= end - start > 1 && text.codePointAt(end - 2)! > 0xffff ? 2 : 1;
  }
  return { ...token, start, end };
}
