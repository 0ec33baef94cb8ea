import { describe, expect, it } from "vitest";
import { type Batch, type BatchOptions, batchStream, type TokenSource } from "./batchStream.ts";

/** Tokens that are their own offsets, so that a batch says where it was cut. */
function counting(tokenCount: number): TokenSource & { reads: number } {
  return {
    name: "counting",
    tokenCount,
    reads: 0,
    async read(offset, length) {
      this.reads += 1;
      if (offset < 0 || offset + length > tokenCount) throw new Error(`read outside the data: ${offset} + ${length}`);
      return Uint32Array.from({ length }, (_, i) => offset + i);
    },
  };
}

function starts({ inputIds, batchSize, sequenceLength }: Batch): number[] {
  return Array.from({ length: batchSize }, (_, row) => inputIds[row * sequenceLength]!);
}

async function take(source: TokenSource, options: BatchOptions, count: number): Promise<number[][]> {
  const stream = batchStream(source, options);
  const batches: number[][] = [];
  for (let i = 0; i < count; i++) batches.push(starts((await stream.next())!));
  return batches;
}

describe("a batch", () => {
  it("holds windows of tokens row by row, and as labels the tokens that follow", async () => {
    const stream = batchStream(counting(25), { batchSize: 2, sequenceLength: 4, shuffle: false });
    const batch = (await stream.next())!;
    expect(batch).toEqual({
      inputIds: Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
      labels: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      batchSize: 2,
      sequenceLength: 4,
    });
  });
});

describe("order", () => {
  it("goes from first to last without shuffling, leaving out what fills no batch, and ends after its epochs", async () => {
    const stream = batchStream(counting(30), { batchSize: 2, sequenceLength: 4, shuffle: false, epochs: 2 });
    const seen: number[][] = [];
    for await (const batch of stream) seen.push(starts(batch));
    const epoch = [
      [0, 4],
      [8, 12],
      [16, 20],
    ];
    expect(seen).toEqual([...epoch, ...epoch]);
    expect(stream.batchesPerEpoch).toBe(3);
    expect(await stream.next()).toBeUndefined();
    expect(stream.position()).toEqual({ seed: 0, epoch: 2, step: 0 });
  });

  it("visits every window once an epoch, in another order and from another start each epoch", async () => {
    const options = { batchSize: 3, sequenceLength: 7, seed: 11 };
    const source = counting(7 * 301 + 1);
    const { batchesPerEpoch } = batchStream(source, options);
    expect(batchesPerEpoch).toBe(100);
    const batches = await take(source, options, 4 * batchesPerEpoch);
    const epochs = [0, 1, 2, 3].map((i) => batches.slice(i * 100, (i + 1) * 100).flat());
    for (const epoch of epochs) {
      const start = Math.min(...epoch);
      expect(start).toBeLessThan(7);
      const sorted = epoch.toSorted((a, b) => a - b);
      expect(sorted).toEqual(Array.from({ length: 300 }, (_, i) => start + 7 * i));
      expect(epoch).not.toEqual(sorted);
    }
    expect(new Set(epochs.map((epoch) => Math.min(...epoch))).size).toBeGreaterThan(1);
    const ordered = epochs.map((epoch) => epoch.map((offset) => Math.floor(offset / 7)).join());
    expect(new Set(ordered).size).toBe(4);
  });

  it("is a function of the seed", async () => {
    const options = { batchSize: 2, sequenceLength: 5, seed: 1 };
    const first = await take(counting(1000), options, 20);
    expect(await take(counting(1000), options, 20)).toEqual(first);
    expect(await take(counting(1000), { ...options, seed: 2 }, 20)).not.toEqual(first);
    expect(await take(counting(1000), { ...options, seed: 1 + 2 ** 40 }, 20)).not.toEqual(first);
  });

  it("uses data that fills exactly one batch", async () => {
    const batches = await take(counting(2 * 5 + 1), { batchSize: 2, sequenceLength: 5 }, 3);
    for (const batch of batches) expect(batch.toSorted((a, b) => a - b)).toEqual([0, 5]);
  });
});

describe("position", () => {
  const options = { batchSize: 2, sequenceLength: 5, seed: 4 };

  it("is plain JSON from which the same batches follow, across epochs, whoever goes there", async () => {
    const source = counting(52);
    const whole = await take(source, options, 20);
    const stream = batchStream(source, options);
    for (let done = 0; done < 20; done++) {
      const saved = JSON.parse(JSON.stringify(stream.position()));
      const resumed = batchStream(source, { ...options, seed: 99 });
      await resumed.next();
      resumed.seek(saved);
      const rest: number[][] = [];
      while (rest.length < 20 - done) rest.push(starts((await resumed.next())!));
      expect(rest).toEqual(whole.slice(done));
      await stream.next();
    }
  });

  it("counts what was handed out, not what was read ahead", async () => {
    const source = counting(1000);
    const stream = batchStream(source, options);
    expect(stream.position()).toEqual({ seed: 4, epoch: 0, step: 0 });
    await stream.next();
    expect(stream.position()).toEqual({ seed: 4, epoch: 0, step: 1 });
    expect(source.reads).toBe(4);
  });

  it("hands out batches in order to calls that do not wait for each other", async () => {
    const stream = batchStream(counting(1000), options);
    const batches = await Promise.all([stream.next(), stream.next(), stream.next()]);
    expect(batches.map((batch) => starts(batch!))).toEqual(await take(counting(1000), options, 3));
  });

  it("refuses a position that this stream cannot have", () => {
    const stream = batchStream(counting(1000), options);
    const { batchesPerEpoch } = stream;
    stream.seek({ seed: 4, epoch: 2, step: batchesPerEpoch });
    expect(stream.position()).toEqual({ seed: 4, epoch: 3, step: 0 });
    expect(() => stream.seek({ seed: 4, epoch: 0, step: batchesPerEpoch + 1 })).toThrow(
      /seek: expected a position .* step of at most 99, got {"seed":4,"epoch":0,"step":100} \(a position fits only/,
    );
    expect(() => stream.seek({ seed: 0.5, epoch: 0, step: 0 })).toThrow("seek: expected a position");
    expect(() => stream.seek({ seed: 1, epoch: -1, step: 0 })).toThrow("seek: expected a position");
  });
});

describe("bad input", () => {
  it("names the tokens there are, the tokens needed and what to do", () => {
    expect(() => batchStream(counting(40), { batchSize: 1, sequenceLength: 64 })).toThrow(
      "batches: counting holds 40 tokens, not even one context: 65 are needed for batchSize 1 × sequenceLength 64 + 1 (add text, or lower batchSize or sequenceLength)",
    );
    expect(() => batchStream(counting(128), { batchSize: 2, sequenceLength: 64 })).toThrow("not one batch: 129 are");
  });

  it("refuses impossible options", () => {
    const start = (options: Partial<BatchOptions>) => () =>
      batchStream(counting(100), { batchSize: 1, sequenceLength: 4, ...options });
    expect(start({ batchSize: 0 })).toThrow("batches: batchSize: expected a whole number above 0, got 0");
    expect(start({ sequenceLength: 1.5 })).toThrow("sequenceLength: expected a whole number above 0, got 1.5");
    expect(start({ epochs: 0 })).toThrow("epochs: expected a whole number above 0, got 0");
    expect(start({ seed: Number.NaN })).toThrow("seed: expected a safe integer, got NaN");
    expect(start({ epochs: Number.POSITIVE_INFINITY })).not.toThrow();
  });

  it("gives a failed read to the call that wanted the batch, and recovers by seeking", async () => {
    const source = counting(1000);
    const stream = batchStream(source, { batchSize: 1, sequenceLength: 4, shuffle: false });
    const good = source.read;
    await stream.next();
    source.read = async () => Promise.reject(new Error("disk gone"));
    expect(starts((await stream.next())!)).toEqual([4]);
    const failed = stream.position();
    await expect(stream.next()).rejects.toThrow("disk gone");
    source.read = good;
    stream.seek(failed);
    expect(starts((await stream.next())!)).toEqual([8]);
  });
});
