// A bounded cache from pieces of text to their tokens, for models on characters.
import type { TextToken } from "./encoding.ts";

/** Longer pieces are not cached; the cache starts over when it is full. */
const maxCachedUnits = 64;
const maxCacheEntries = 10_000;

export class PieceTokenCache {
  readonly #tokens = new Map<string, readonly TextToken[]>();

  /** How many pieces are cached. */
  get size(): number {
    return this.#tokens.size;
  }

  /** The tokens of `piece`, which `tokenize` makes if they are not known. */
  get(piece: string, tokenize: () => readonly TextToken[]): readonly TextToken[] {
    const known = this.#tokens.get(piece);
    if (known) return known;
    const tokens = tokenize();
    if (piece.length <= maxCachedUnits) {
      if (this.#tokens.size >= maxCacheEntries) this.#tokens.clear();
      this.#tokens.set(piece, tokens);
    }
    return tokens;
  }
}
