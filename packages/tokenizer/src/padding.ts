// Padding: makes encoded texts equally long, so that they fit into one tensor.

import type { PlacedToken, TokenWindows } from "./encoding.ts";
import { TokenizerError } from "./errors.ts";
import { asId, asObject, asString, unsupported } from "./jsonFields.ts";
import { readDirection } from "./truncation.ts";

/** How texts are padded. */
export interface Padding {
  /** Tokens of each text after padding; longer texts stay. Default: as many as the longest text of the batch has. */
  readonly length?: number;
  /** The length is rounded up to a multiple of this. */
  readonly multipleOf?: number;
  /** Where padding stands. Default `"right"`. */
  readonly direction?: "left" | "right";
  /** The padding token. Default: the file's, otherwise `[PAD]`, `<pad>` or `<|pad|>`, whichever there is. */
  readonly token?: string;
  /** Default 0. */
  readonly typeId?: number;
}

/** A padding token with its id. */
export interface PaddingToken {
  readonly id: number;
  readonly token: string;
}

const usualTokens = ["[PAD]", "<pad>", "<|pad|>"];

/** @throws FormatError for what is malformed */
export function parsePadding(json: unknown): (Padding & { readonly id: number }) | undefined {
  if (json === null || json === undefined) return undefined;
  const definition = asObject(json, "padding");
  const strategy = definition.strategy ?? "BatchLongest";
  if (typeof strategy === "string" && strategy !== "BatchLongest") {
    unsupported("padding.strategy", strategy, ["BatchLongest", "Fixed"]);
  }
  const multiple = asId(definition.pad_to_multiple_of ?? 0, "padding.pad_to_multiple_of");
  return {
    ...(typeof strategy === "string"
      ? {}
      : { length: asId(asObject(strategy, "padding.strategy").Fixed, "padding.strategy.Fixed") }),
    ...(multiple > 0 ? { multipleOf: multiple } : {}),
    direction: readDirection(definition.direction, "padding.direction"),
    id: asId(definition.pad_id ?? 0, "padding.pad_id"),
    token: asString(definition.pad_token ?? "[PAD]", "padding.pad_token"),
    typeId: asId(definition.pad_type_id ?? 0, "padding.pad_type_id"),
  };
}

/**
 * The token to pad with: the one asked for, otherwise the file's, otherwise a usual one.
 * @throws TokenizerError if there is none
 */
export function findPaddingToken(
  padding: Padding,
  fromFile: PaddingToken | undefined,
  tokenToId: (token: string) => number | undefined,
): PaddingToken {
  if (fromFile && (padding.token === undefined || padding.token === fromFile.token)) return fromFile;
  for (const token of padding.token === undefined ? usualTokens : [padding.token]) {
    const id = tokenToId(token);
    if (id !== undefined) return { id, token };
  }
  const missing =
    padding.token === undefined
      ? `none of ${usualTokens.join(", ")} is a token`
      : `${JSON.stringify(padding.token)} is no token`;
  throw new TokenizerError(`padding: ${missing} of this vocabulary (name one that is in padding.token)`);
}

/** Pads all texts, and what was cut off them, to the same length. */
export function padTexts(
  texts: readonly TokenWindows[],
  padding: Padding,
  { id, token }: PaddingToken,
): TokenWindows[] {
  const { multipleOf = 1, direction = "right", typeId = 0 } = padding;
  if (!Number.isInteger(multipleOf) || multipleOf < 1) {
    throw new TokenizerError(`padding: multipleOf must be a whole number from 1, got ${multipleOf}`);
  }
  const longest = padding.length ?? texts.reduce((max, { main }) => Math.max(max, main.length), 0);
  const length = Math.ceil(longest / multipleOf) * multipleOf;
  const filler: PlacedToken = { id, token, start: 0, end: 0, typeId, isSpecial: true, isPadding: true };
  const pad = (tokens: readonly PlacedToken[]): readonly PlacedToken[] => {
    if (tokens.length >= length) return tokens;
    const fillers = Array<PlacedToken>(length - tokens.length).fill(filler);
    return direction === "left" ? [...fillers, ...tokens] : [...tokens, ...fillers];
  };
  return texts.map(({ main, overflowing }) => ({ main: pad(main), overflowing: overflowing.map(pad) }));
}
