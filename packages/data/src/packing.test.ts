import { describe, expect, it } from "vitest";
import { collect } from "../test/temporaryFolder.ts";
import { exampleBatches } from "./batches/exampleBatches.ts";
import { packSequences, stackSequences, type TokenizedExample } from "./packing.ts";
import { packLengths } from "./packingBins.ts";
import { deriveKey } from "./windowOrder.ts";

const randomLengths = (count: number, longest: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => 1 + (deriveKey(seed, i) % longest));

/** Best fit, the longest first, as the textbook says it: every group is looked at. */
function plainBestFit(lengths: readonly number[], capacity: number): number[] {
  const rooms: number[] = [];
  for (const length of lengths.toSorted((a, b) => b - a)) {
    let best = -1;
    for (const [group, room] of rooms.entries()) {
      if (room >= length && (best < 0 || room < rooms[best]!)) best = group;
    }
    if (best < 0) best = rooms.push(capacity) - 1;
    rooms[best]! -= length;
  }
  return rooms.toSorted((a, b) => a - b);
}

describe("packLengths", () => {
  it.each([
    [1, 40, 1],
    [500, 100, 2],
    [2000, 2048, 3],
    [700, 7, 4],
  ])("fills as best fit does: %i pieces of up to %i", (count, longest, seed) => {
    for (const capacity of [longest, longest + 1, 2 * longest]) {
      const lengths = randomLengths(count, longest, seed);
      const groups = packLengths(lengths, capacity);
      expect(groups.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
      const rooms = groups.map((group) => capacity - group.reduce((sum, piece) => sum + lengths[piece]!, 0));
      expect(rooms.toSorted((a, b) => a - b)).toEqual(plainBestFit(lengths, capacity));
    }
  });

  it("names what does not fit", () => {
    expect(packLengths([], 4)).toEqual([]);
    expect(() => packLengths([5], 4)).toThrow(
      "piece 0: expected a length from 1 to 4, got 5 (cut it, or leave it out)",
    );
    expect(() => packLengths([0], 4)).toThrow("piece 0: expected a length from 1 to 4, got 0");
    expect(() => packLengths([1], 0)).toThrow("capacity: expected a whole number above 0, got 0");
  });
});

describe("packSequences", () => {
  const example = (...inputIds: number[]): TokenizedExample => ({ inputIds });
  const pack = (examples: readonly TokenizedExample[], options: Partial<Parameters<typeof packSequences>[1]> = {}) =>
    collect(packSequences(examples, { sequenceLength: 8, ...options }));

  it("keeps documents apart by segments, positions and labels", async () => {
    const [first, second, ...more] = await pack([example(1, 2, 3), example(11, 12, 13, 14, 15), example(21, 22)], {
      padId: 9,
    });
    expect(more).toEqual([]);
    expect(first).toEqual({
      inputIds: Int32Array.of(11, 12, 13, 14, 15, 1, 2, 3),
      labels: Int32Array.of(12, 13, 14, 15, -100, 2, 3, -100),
      positionIds: Int32Array.of(0, 1, 2, 3, 4, 0, 1, 2),
      segmentIds: Int32Array.of(1, 1, 1, 1, 1, 2, 2, 2),
      tokens: 8,
    });
    expect(second).toEqual({
      inputIds: Int32Array.of(21, 22, 9, 9, 9, 9, 9, 9),
      labels: Int32Array.of(22, -100, -100, -100, -100, -100, -100, -100),
      positionIds: Int32Array.of(0, 1, 0, 0, 0, 0, 0, 0),
      segmentIds: Int32Array.of(1, 1, 0, 0, 0, 0, 0, 0),
      tokens: 2,
    });
  });

  it("cuts only documents longer than a sequence, and loses no label at the cut", async () => {
    const long = example(...Array.from({ length: 19 }, (_, i) => i + 1));
    const sequences = await pack([long, example(50, 51)]);
    const labels = sequences.flatMap((sequence) => [...sequence.labels]).filter((label) => label > 0);
    expect(labels.toSorted((a, b) => a - b)).toEqual([...Array.from({ length: 18 }, (_, i) => i + 2), 51]);
    expect(sequences.map(({ tokens }) => tokens)).toEqual([8, 8, 5]);
    expect(await pack([long], { long: "drop" })).toEqual([]);
    await expect(pack([long], { long: "refuse" })).rejects.toThrow(
      'example 0: expected at most sequenceLength 8 tokens, got 19 (cut it, or choose long: "split" or "drop")',
    );
  });

  it("learns only what the mask says", async () => {
    const [sequence] = await pack([{ inputIds: [1, 2, 3, 4], lossMask: [0, 0, 1, 1] }]);
    expect([...sequence!.labels.subarray(0, 4)]).toEqual([-100, 3, 4, -100]);
  });

  it("holds every document whole, in buffers, with little padding", async () => {
    const lengths = randomLengths(3000, 300, 5);
    const documents = lengths.map((length, i) => example(...Array.from({ length }, (_, k) => i * 1000 + k)));
    for (const bufferSize of [100, 10_000]) {
      const sequences = await pack(documents, { sequenceLength: 512, bufferSize });
      const found = new Map<number, number>();
      let misplaced = 0;
      for (const { inputIds, segmentIds, positionIds } of sequences) {
        for (let i = 0; i < 512; i++) {
          if (segmentIds[i] === 0) continue;
          if (inputIds[i]! % 1000 !== positionIds[i]) misplaced += 1;
          const document = Math.floor(inputIds[i]! / 1000);
          found.set(document, (found.get(document) ?? 0) + 1);
        }
      }
      expect(misplaced).toBe(0);
      expect(lengths.map((_, i) => found.get(i))).toEqual(lengths);
      const tokens = lengths.reduce((sum, length) => sum + length);
      expect(sequences.length).toBeLessThanOrEqual(Math.ceil((tokens / 512) * (bufferSize === 100 ? 1.04 : 1.002)));
    }
  });

  it("becomes batches that can be shuffled and resumed", async () => {
    const sequences = await pack([example(1, 2, 3), example(4, 5, 6, 7, 8, 9), example(10, 11, 12, 13, 14)]);
    const batches = exampleBatches(sequences, { batchSize: 2, shuffle: false });
    const batch = stackSequences((await batches.next())!);
    expect([batch.batchSize, batch.sequenceLength, batch.inputIds.length]).toEqual([2, 8, 16]);
    expect(batch.positionIds).toEqual(Int32Array.of(0, 1, 2, 3, 4, 5, 0, 0, 0, 1, 2, 3, 4, 0, 1, 2));
    expect(() => stackSequences([])).toThrow("stackSequences: expected at least one sequence, got none");
    const [shorter] = await pack([example(1)], { sequenceLength: 4 });
    expect(() => stackSequences([sequences[0]!, shorter!])).toThrow("sequence 1: expected 8 tokens, got 4");
  });

  it("names what cannot be", async () => {
    await expect(pack([example()])).rejects.toThrow("example 0: expected at least one token, got none (leave it out)");
    await expect(pack([{ inputIds: [1, 2], lossMask: [1] }])).rejects.toThrow(
      "expected a lossMask for each of 2 tokens, got 1",
    );
    await expect(pack([], { sequenceLength: 0 })).rejects.toThrow(
      "sequenceLength: expected a whole number above 0, got 0",
    );
  });
});
