import { describe, expect, it } from "vitest";
import { PieceCache } from "./pieceCache.ts";
import { TextUnits } from "./textUnits.ts";
import { TokenBuffer } from "./tokenBuffer.ts";

/** Ids that follow from the piece, from none to four of them. */
function idsOf(piece: string): number[] {
  return Array.from({ length: piece.length % 5 }, (_, index) => index * 1000 + piece.charCodeAt(index));
}

/** Looks pieces up in turn and adds those that are missing; returns how many were there. */
function lookUp(cache: PieceCache, pieces: readonly string[], check: (size: number) => void): number {
  const text = new TextUnits();
  let found = 0;
  for (const piece of pieces) {
    const padded = `!${piece}?`;
    text.load(padded);
    const out = new TokenBuffer();
    out.push(7);
    if (cache.append(text, 1, padded.length - 1, out)) found++;
    else {
      for (const id of idsOf(piece)) out.push(id);
      cache.add(text, 1, padded.length - 1, out, 1);
    }
    expect([...out.take()]).toEqual([7, ...idsOf(piece)]);
    check(cache.size);
  }
  return found;
}

const pieces = Array.from({ length: 3000 }, (_, index) => index.toString(36).repeat(1 + (index % 9)));

describe("PieceCache", () => {
  it("gives the ids of each piece, also when it has grown", () => {
    const cache = new PieceCache();
    const distinct = new Set(pieces);
    expect(lookUp(cache, pieces, () => undefined)).toBe(pieces.length - distinct.size);
    expect(lookUp(cache, pieces, () => undefined)).toBe(pieces.length);
    expect(cache.size).toBe(distinct.size);
  });

  it("tells pieces apart that differ in their length or in their last unit only", () => {
    const similar = [
      "a",
      "a\0",
      "a\0\0",
      "aaaaaaaaaaa\0",
      "aaaaaaaaaaaa",
      "aaaaaaaaaaab",
      "aaaaaaaaaaa",
      "aaaaaaaaaaaaa",
    ];
    const cache = new PieceCache();
    expect(lookUp(cache, similar, () => undefined)).toBe(0);
    expect(lookUp(cache, similar, () => undefined)).toBe(similar.length);
  });

  it.each([
    ["pieces", { pieces: 50, units: 1e6, ids: 1e6 }],
    ["code units", { pieces: 1e6, units: 500, ids: 1e6 }],
    ["ids", { pieces: 1e6, units: 1e6, ids: 100 }],
  ])("starts over at its limit of %s and stays right", (_name, limits) => {
    const sizes: number[] = [];
    lookUp(new PieceCache(limits), [...pieces, ...pieces], (size) => sizes.push(size));
    expect(sizes.filter((size) => size === 1).length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.min(limits.pieces, 1000));
  });
});
