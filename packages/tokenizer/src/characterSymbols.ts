// What the merges make of single characters outside ASCII. Byte pair encoding of Chinese makes two merges in each character
// before it joins any; those are the same in every text, unless a token has part of a character and part of its neighbour.
import { PieceMerger } from "./mergePiece.ts";
import type { PairTable } from "./pairTable.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The tokens, and their pairs with (rank, merged id). */
interface SymbolTables {
  readonly vocabulary: Vocabulary;
  readonly merges: PairTable;
}

/** The most bytes of a character that is one code unit. */
const maxBytes = 3;

export class CharacterSymbols {
  readonly #merger: PieceMerger;
  readonly #byteIds: Int32Array;
  /** For (last byte of a character, first byte of the next): 1 if a token can have both, but not all of both characters. */
  readonly #isCrossed: Uint8Array;
  /** For each code unit the ids + 1 of its symbols; 0 where there is none, or none is known yet. */
  readonly #known = new Uint32Array(maxBytes << 16);
  readonly #scratch = new Int32Array(maxBytes);

  /** @param byteIds the id of each byte */
  constructor({ vocabulary, merges }: SymbolTables, byteIds: Int32Array) {
    this.#merger = new PieceMerger(merges);
    this.#byteIds = byteIds;
    this.#isCrossed = new Uint8Array(1 << 16);
    if (!risesInRank({ vocabulary, merges })) this.#isCrossed.fill(1);
    else for (let id = 0; id < vocabulary.size; id++) this.#noteCrossed(vocabulary.bytesOf(id) ?? []);
  }

  #noteCrossed(token: ArrayLike<number>): void {
    if (token.length < 2 || (!isContinuation(token[0]!) && !endsInside(token))) return;
    for (let at = 1; at < token.length; at++) {
      if (!isContinuation(token[at]!)) this.#isCrossed[(token[at - 1]! << 8) | token[at]!] = 1;
    }
  }

  /** Writes symbols from which merging gives the tokens of the UTF-8 `bytes[0, count)` can start from; returns how many. */
  write(bytes: Uint16Array, count: number, symbols: Int32Array): number {
    const crossed = this.#isCrossed;
    const byteIds = this.#byteIds;
    let written = 0;
    for (let at = 0; at < count; ) {
      const first = bytes[at]!;
      const end = at + characterBytes(first);
      const isApart =
        end > at + 1 &&
        end <= at + maxBytes &&
        (at === 0 || crossed[(bytes[at - 1]! << 8) | first] === 0) &&
        (end === count || crossed[(bytes[end - 1]! << 8) | bytes[end]!] === 0);
      if (isApart) written = this.#writeCharacter(bytes, at, end, symbols, written);
      else for (let byte = at; byte < end; byte++) symbols[written++] = byteIds[bytes[byte]!]!;
      at = end;
    }
    return written;
  }

  #writeCharacter(bytes: Uint16Array, start: number, end: number, symbols: Int32Array, at: number): number {
    const known = this.#known;
    const place = maxBytes * codeUnit(bytes, start, end);
    if (known[place] === 0) {
      const own = this.#scratch;
      for (let i = start; i < end; i++) own[i - start] = this.#byteIds[bytes[i]!]!;
      const left = this.#merger.mergeLinear(own, end - start);
      for (let i = 0; i < left; i++) known[place + i] = own[i]! + 1;
    }
    let written = at;
    for (let i = place; i < place + end - start && known[i]! > 0; i++) symbols[written++] = known[i]! - 1;
    return written;
  }
}

/** Whether each merge comes after those that make its parts: else a token can be joined before its character is whole. */
function risesInRank({ vocabulary, merges }: SymbolTables): boolean {
  const lastRank = new Int32Array(vocabulary.size).fill(-1);
  merges.forEach((_left, _right, rank, id) => {
    lastRank[id] = Math.max(lastRank[id]!, rank);
  });
  let rises = true;
  merges.forEach((left, right, rank) => {
    if (rank <= lastRank[left]! || rank <= lastRank[right]!) rises = false;
  });
  return rises;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Whether the last character of a token is not whole. */
function endsInside(token: ArrayLike<number>): boolean {
  let last = token.length - 1;
  while (last > 0 && isContinuation(token[last]!)) last--;
  return token.length - last < characterBytes(token[last]!);
}

function characterBytes(first: number): number {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function codeUnit(bytes: Uint16Array, start: number, end: number): number {
  if (end - start === 2) return ((bytes[start]! & 0x1f) << 6) | (bytes[start + 1]! & 0x3f);
  return ((bytes[start]! & 0x0f) << 12) | ((bytes[start + 1]! & 0x3f) << 6) | (bytes[start + 2]! & 0x3f);
}
