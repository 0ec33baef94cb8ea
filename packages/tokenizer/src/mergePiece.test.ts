import { expect, it } from "vitest";
import { PieceMerger } from "./mergePiece.ts";
import { PairTable } from "./pairTable.ts";
import { seededRandom } from "./testing/fixtures.ts";
import { TokenBuffer } from "./tokenBuffer.ts";

/** The definition, word for word: make the merge of lowest rank, leftmost first, until there is none. */
function mergeNaively(symbols: readonly number[], merges: PairTable): number[] {
  const left = [...symbols];
  for (;;) {
    let best = -1;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let i = 0; i + 1 < left.length; i++) {
      const at = merges.find(left[i]!, left[i + 1]!);
      if (at >= 0 && merges.first(at) < bestRank) {
        best = i;
        bestRank = merges.first(at);
      }
    }
    if (best < 0) return left;
    left.splice(best, 2, merges.second(merges.find(left[best]!, left[best + 1]!)));
  }
}

function randomMerges(random: () => number, symbolCount: number): PairTable {
  const merges = new PairTable();
  for (let rank = 0; rank < 60; rank++) {
    const id = symbolCount + rank;
    const left = Math.floor(random() * id);
    const right = Math.floor(random() * id);
    if (merges.find(left, right) < 0) merges.set(left, right, rank, id);
  }
  return merges;
}

it("both ways of merging equal the definition", () => {
  const random = seededRandom(4);
  for (let round = 0; round < 400; round++) {
    const symbolCount = 1 + Math.floor(random() * 5);
    const merges = randomMerges(random, symbolCount);
    const merger = new PieceMerger(merges);
    const symbols = Array.from({ length: Math.floor(random() * 64) }, () => Math.floor(random() * symbolCount));
    const expected = mergeNaively(symbols, merges);
    const linear = Int32Array.from(symbols);
    expect([...linear.subarray(0, merger.mergeLinear(linear, symbols.length))]).toEqual(expected);
    const heaped = Int32Array.from(symbols);
    expect([...heaped.subarray(0, merger.mergeWithHeap(heaped, symbols.length))]).toEqual(expected);
  }
});

it("appends the ids of short and long pieces", () => {
  const merges = new PairTable();
  merges.set(0, 0, 0, 1);
  const out = new TokenBuffer();
  new PieceMerger(merges).merge(new Int32Array(3), 3, out);
  new PieceMerger(merges).merge(new Int32Array(1001), 1001, out);
  expect([...out.take()]).toEqual([1, 0, ...Array.from({ length: 500 }, () => 1), 0]);
});
