import { expect, it } from "vitest";
import { CharacterSymbols } from "./characterSymbols.ts";
import { PieceMerger } from "./mergePiece.ts";
import { PairTable } from "./pairTable.ts";
import { seededRandom } from "./testing/fixtures.ts";
import { Vocabulary } from "./vocabulary.ts";

const characters = ["中", "串", "文", "é", "д", "😀", "a", " "];

/** Bytes, and random merges of what is there; the later ones rank higher, or in any order. */
function randomTables(random: () => number, rises: boolean) {
  const vocabulary = new Vocabulary();
  const merges = new PairTable();
  for (let byte = 0; byte < 256; byte++) vocabulary.addBytes(Uint16Array.of(byte), byte);
  const symbols = [...new Set(Buffer.from(characters.join("")))];
  const count = 10 + Math.floor(random() * 150);
  for (let rank = 0; rank < count; rank++) {
    const [left, right] = [0, 0].map(() => symbols[Math.floor(random() * symbols.length)]!) as [number, number];
    const bytes = Uint16Array.from([...vocabulary.bytesOf(left)!, ...vocabulary.bytesOf(right)!]);
    // Mostly what can be in a text.
    const isText = !Buffer.from(bytes).toString().slice(1, -1).includes("\ufffd");
    if (vocabulary.idOfBytes(bytes, 0, bytes.length) >= 0 || !(isText || random() < 0.1)) continue;
    vocabulary.addBytes(bytes, 256 + rank);
    merges.set(left, right, rises ? rank : Math.floor(random() * 1000) * 1000 + rank, 256 + rank);
    symbols.push(256 + rank);
  }
  return { vocabulary, merges };
}

it.each([true, false])("merging goes on from characters as it does from bytes (ranks rise: %s)", (rises) => {
  const random = seededRandom(rises ? 1 : 2);
  let shorter = 0;
  for (let round = 0; round < 1500; round++) {
    const tables = randomTables(random, rises);
    const merger = new PieceMerger(tables.merges);
    const characterSymbols = new CharacterSymbols(
      tables,
      Int32Array.from({ length: 256 }, (_, byte) => byte),
    );
    for (let repeat = 0; repeat < 3; repeat++) {
      const drawn = Array.from({ length: 14 }, () => characters[Math.floor(random() * characters.length)]!);
      const bytes = Uint16Array.from(Buffer.from(drawn.join("")));
      const fromBytes = Int32Array.from(bytes);
      const fromCharacters = new Int32Array(64);
      const count = characterSymbols.write(bytes, bytes.length, fromCharacters);
      if (count < bytes.length) shorter++;
      expect([...fromCharacters.subarray(0, merger.mergeLinear(fromCharacters, count))]).toEqual([
        ...fromBytes.subarray(0, merger.mergeLinear(fromBytes, bytes.length)),
      ]);
    }
  }
  // The test is of something only where characters are merged beforehand.
  expect(shorter > 100).toBe(rises);
});
