// A bounded cache from pieces of text to their token ids.
import { absent, maxShortUnits, ShortPieces } from "./shortPieces.ts";
import type { TextUnits } from "./textUnits.ts";
import type { TokenBuffer } from "./tokenBuffer.ts";
import { hashUnits, WordTable } from "./wordTable.ts";

/** Longer pieces are not cached: they seldom come again. In code units. */
export const maxCachedUnits = 96;

/** How much is kept before the cache starts over: about 16 MB in all. */
export interface CacheLimits {
  readonly pieces: number;
  /** Code units of the pieces that are longer than twelve. */
  readonly units: number;
  readonly ids: number;
}

const defaultLimits: CacheLimits = { pieces: 1 << 17, units: 1 << 20, ids: 1 << 20 };

export class PieceCache {
  readonly #limits: CacheLimits;
  readonly #short = new ShortPieces();
  readonly #long = new WordTable();
  /** The value of each entry of `#long`, as {@link ShortPieces} keeps it for short ones. */
  readonly #longValues: number[] = [];
  /** For pieces of several ids or none: how many, then the ids. Their value is -2 - the place in this list. */
  #lists = new Uint32Array(1 << 10);
  #listed = 0;

  constructor(limits: CacheLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** How many pieces are cached. */
  get size(): number {
    return this.#short.size + this.#long.size;
  }

  /** Appends the ids of the piece `[start, end)` of `text`, if they are known. */
  append(text: TextUnits, start: number, end: number, out: TokenBuffer): boolean {
    const length = end - start;
    const value =
      length <= maxShortUnits ? this.#short.find(text.view, start, length) : this.#findLong(text, start, end);
    if (value >= 0) {
      out.push(value);
      return true;
    }
    if (value === absent) return false;
    const first = -1 - value;
    const count = this.#lists[first - 1]!;
    out.reserve(count);
    for (let i = 0; i < count; i++) out.ids[out.length++] = this.#lists[first + i]!;
    return true;
  }

  #findLong({ units }: TextUnits, start: number, end: number): number {
    const entry = this.#long.find(units, start, end, hashUnits(units, start, end));
    return entry < 0 ? absent : this.#longValues[entry]!;
  }

  /** Keeps the ids from `first` on as those of the piece `[start, end)`, which must not be known. */
  add(text: TextUnits, start: number, end: number, out: TokenBuffer, first: number): void {
    const { pieces, units, ids } = this.#limits;
    if (this.size >= pieces || this.#long.unitCount > units || this.#listed > ids) this.#clear();
    const value = out.length - first === 1 ? out.ids[first]! : -2 - this.#list(out.ids.subarray(first, out.length));
    if (end - start <= maxShortUnits) this.#short.add(text.view, start, end - start, value);
    else this.#longValues[this.#long.add(text.units, start, end, hashUnits(text.units, start, end))] = value;
  }

  #list(ids: Uint32Array): number {
    const place = this.#listed;
    this.#listed += ids.length + 1;
    if (this.#listed > this.#lists.length) {
      const larger = new Uint32Array(Math.max(this.#listed, this.#lists.length * 2));
      larger.set(this.#lists);
      this.#lists = larger;
    }
    this.#lists[place] = ids.length;
    this.#lists.set(ids, place + 1);
    return place;
  }

  #clear(): void {
    this.#short.clear();
    this.#long.clear();
    this.#listed = 0;
  }
}
