// What a tokenizer makes of a text in full: ids with tokens, offsets, types and masks.

/** An encoded text or pair of texts. All lists are equally long. */
export interface Encoding {
  readonly ids: Uint32Array;
  /** The tokens as `tokenizer.json` spells them; an unknown piece of a Unigram model as it stands in the text. */
  readonly tokens: readonly string[];
  /**
   * `[start, end)` of each token in its text, in code units: `text.slice(start, end)` is what the token stands for. `[0, 0]`
   * for tokens that are not in the text.
   */
  readonly offsets: readonly (readonly [start: number, end: number])[];
  /** Segment of each token, as BERT has them: usually 0 for the first text and 1 for the second. */
  readonly typeIds: Uint32Array;
  /** 0 for padding, otherwise 1. */
  readonly attentionMask: Uint8Array;
  /** 1 for tokens that were put around the texts, padding included, otherwise 0. */
  readonly specialTokensMask: Uint8Array;
  /** What truncation cut off, in windows of the same length. */
  readonly overflowing: readonly Encoding[];
}

/** One token of a text. */
export interface TextToken {
  readonly id: number;
  readonly token: string;
  readonly start: number;
  readonly end: number;
}

/** A token on its way to an {@link Encoding}. */
export interface PlacedToken extends TextToken {
  readonly typeId: number;
  readonly isSpecial: boolean;
  readonly isPadding: boolean;
}

/** Tokens and what was cut off them. */
export interface TokenWindows {
  readonly main: readonly PlacedToken[];
  readonly overflowing: readonly (readonly PlacedToken[])[];
}

/** One behind the other; each window of the one meets each window of the other, in the order of Hugging Face `tokenizers`. */
export function joinWindows(left: TokenWindows, right: TokenWindows): TokenWindows {
  const overflowing = [
    ...left.overflowing.flatMap((window) => [
      [...window, ...right.main],
      ...right.overflowing.map((other) => [...window, ...other]),
    ]),
    ...right.overflowing.map((other) => [...left.main, ...other]),
  ];
  return { main: [...left.main, ...right.main], overflowing };
}

export function toEncoding({ main, overflowing }: TokenWindows): Encoding {
  return {
    ids: Uint32Array.from(main, ({ id }) => id),
    tokens: main.map(({ token }) => token),
    offsets: main.map(({ start, end }) => [start, end] as const),
    typeIds: Uint32Array.from(main, ({ typeId }) => typeId),
    attentionMask: Uint8Array.from(main, ({ isPadding }) => (isPadding ? 0 : 1)),
    specialTokensMask: Uint8Array.from(main, ({ isSpecial }) => (isSpecial ? 1 : 0)),
    overflowing: overflowing.map((window) => toEncoding({ main: window, overflowing: [] })),
  };
}
