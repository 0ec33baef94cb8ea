// A table of Unicode character classes, and the walk over runs of one class. The pre-tokenisation scanners rest on it:
// one table look-up for each code unit is several times faster than a regular expression with property escapes.

export const LETTER = 1;
export const NUMBER = 2;
/** White_Space, as `\s` means in Rust and Oniguruma (JavaScript's `\s` lacks U+0085 and has U+FEFF). */
export const SPACE = 4;
/** Carriage return and line feed; they are SPACE as well. */
export const NEWLINE = 8;
/** `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: what may stand in the first part of an o200k word. */
export const UPPER = 16;
/** `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: what may stand in the second part of an o200k word. */
export const LOWER = 32;
/** Neither LETTER nor NUMBER nor SPACE. Lone surrogates are OTHER, as the U+FFFD that they are read as. */
export const OTHER = 64;
/** The first half of a pair, whose class is another entry of the table. */
export const HIGH_SURROGATE = 128;

const properties: readonly (readonly [RegExp, number])[] = [
  [/\p{L}+/gu, LETTER],
  [/\p{N}+/gu, NUMBER],
  [/\p{White_Space}+/gu, SPACE],
  [/[\r\n]+/gu, NEWLINE],
  [/[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+/gu, UPPER],
  [/[\p{Ll}\p{Lm}\p{Lo}\p{M}]+/gu, LOWER],
];

/** Planes 4 to 13 are unassigned, 15 and 16 private use: all OTHER. */
const assignedPlanes = [0, 1, 2, 3, 14];
const blockSize = 4096;

let sharedTable: Uint8Array | undefined;

/** The classes of all code points, as bits. Built on first use from the Unicode tables of the running JavaScript engine. */
export function characterClasses(): Uint8Array {
  if (sharedTable) return sharedTable;
  const table = new Uint8Array(0x110000);
  for (const plane of assignedPlanes) {
    for (let start = plane << 16; start < (plane + 1) << 16; start += blockSize) {
      if (start === 0xd000) classifyCodePoints(table, start);
      else classifyBlock(table, start);
    }
  }
  for (let codePoint = 0; codePoint < table.length; codePoint++) {
    if ((table[codePoint]! & (LETTER | NUMBER | SPACE)) === 0) table[codePoint]! |= OTHER;
  }
  for (let unit = 0xd800; unit < 0xdc00; unit++) table[unit] = OTHER | HIGH_SURROGATE;
  sharedTable = table;
  return table;
}

function classifyBlock(table: Uint8Array, start: number): void {
  const text = String.fromCodePoint(...Array.from({ length: blockSize }, (_, i) => start + i));
  const unitsPerCodePoint = start > 0xffff ? 2 : 1;
  for (const [pattern, bit] of properties) {
    for (const match of text.matchAll(pattern)) {
      const first = start + match.index / unitsPerCodePoint;
      const last = first + match[0].length / unitsPerCodePoint;
      for (let codePoint = first; codePoint < last; codePoint++) table[codePoint]! |= bit;
    }
  }
}

/** For the block of the surrogates, which would pair up in the text of {@link classifyBlock}. */
function classifyCodePoints(table: Uint8Array, start: number): void {
  for (let codePoint = start; codePoint < start + blockSize; codePoint++) {
    for (const [pattern, bit] of properties) {
      if (String.fromCodePoint(codePoint).search(pattern) === 0) table[codePoint]! |= bit;
    }
  }
}

/** The class of the character at `at`, which must be below `end`. */
export function classAt(table: Uint8Array, units: Uint16Array, at: number, end: number): number {
  const unitClass = table[units[at]!]!;
  return unitClass & HIGH_SURROGATE && isPairAt(units, at, end) ? table[pairAt(units, at)]! : unitClass;
}

/** How many code units the character at `at` has: 2 for a surrogate pair, otherwise 1. */
export function unitsAt(units: Uint16Array, at: number, end: number): number {
  return (units[at]! & 0xfc00) === 0xd800 && isPairAt(units, at, end) ? 2 : 1;
}

/** Where the run of characters that have one of the classes in `mask` ends; `at` itself if there is none. */
export function runEnd(table: Uint8Array, units: Uint16Array, at: number, end: number, mask: number): number {
  while (at < end) {
    const unitClass = table[units[at]!]!;
    if (unitClass < HIGH_SURROGATE) {
      if ((unitClass & mask) === 0) return at;
      at++;
    } else if (isPairAt(units, at, end)) {
      if ((table[pairAt(units, at)]! & mask) === 0) return at;
      at += 2;
    } else {
      if ((OTHER & mask) === 0) return at;
      at++;
    }
  }
  return end;
}

function isPairAt(units: Uint16Array, at: number, end: number): boolean {
  return at + 1 < end && (units[at + 1]! & 0xfc00) === 0xdc00;
}

function pairAt(units: Uint16Array, at: number): number {
  return 0x10000 + ((units[at]! - 0xd800) << 10) + (units[at + 1]! - 0xdc00);
}
