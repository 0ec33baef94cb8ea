import { describe, expect, it } from "vitest";
import { deriveKey, mix32, WindowOrder } from "./windowOrder.ts";

function order(length: number, key: number): number[] {
  const windows = new WindowOrder(length, key);
  return Array.from({ length }, (_, place) => windows.at(place));
}

describe("WindowOrder", () => {
  it("visits each of n things exactly once, for every n", () => {
    for (const length of [...Array.from({ length: 70 }, (_, i) => i + 1), 255, 256, 257, 1000, 4097, 65_537]) {
      const seen = new Uint8Array(length);
      for (const thing of order(length, deriveKey(length))) seen[thing]! += 1;
      expect(seen.every((count) => count === 1)).toBe(true);
    }
  });

  it("is a function of the key, and other keys give other orders", () => {
    expect(order(1000, 5)).toEqual(order(1000, 5));
    expect(order(1000, 5)).not.toEqual(order(1000, 6));
  });

  it("puts each thing at each place about equally often", () => {
    // Chi-square of 10,000 orders of 10 things at the first and last place: 9 degrees of freedom, 99.99 % are below 33.7.
    for (const place of [0, 9]) {
      const counts = new Array<number>(10).fill(0);
      for (let seed = 0; seed < 10_000; seed++) counts[new WindowOrder(10, deriveKey(seed)).at(place)]! += 1;
      const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
      expect(chiSquare).toBeLessThan(33.7);
    }
  });

  it("leaves no trace of the natural order", () => {
    const length = 10_000;
    const things = order(length, deriveKey(3));
    const mean = (length - 1) / 2;
    let covariance = 0;
    let neighbours = 0;
    for (const [place, thing] of things.entries()) {
      covariance += (place - mean) * (thing - mean);
      if (place > 0 && Math.abs(thing - things[place - 1]!) === 1) neighbours += 1;
    }
    // Correlation of a random order: standard deviation 1/sqrt(n) = 0.01. Neighbours stay together twice on average.
    expect(Math.abs(covariance / (length * ((length ** 2 - 1) / 12)))).toBeLessThan(0.04);
    expect(neighbours).toBeLessThan(12);
  });

  it("reaches 2^52 things without rounding", () => {
    const length = 2 ** 52;
    const windows = new WindowOrder(length, 1);
    const seen = new Set<number>();
    for (let place = length - 1000; place < length; place++) {
      const thing = windows.at(place);
      expect(Number.isSafeInteger(thing) && thing >= 0 && thing < length).toBe(true);
      seen.add(thing);
    }
    expect(seen.size).toBe(1000);
  });
});

describe("deriveKey", () => {
  it("depends on every bit of the seed and on each number", () => {
    const keys = new Set<number>();
    for (let bit = 0; bit < 53; bit++) keys.add(deriveKey(2 ** bit, 0));
    for (const seed of [0, -1, 5]) for (let epoch = 0; epoch < 50; epoch++) keys.add(deriveKey(seed, epoch, 1));
    keys.add(deriveKey(0, 0, 0));
    // 5 with epoch 0 and so on are all different inputs.
    expect(keys.size).toBe(53 + 150 + 1);
  });

  it("flips half of the bits when one bit of the input flips", () => {
    let flipped = 0;
    for (let i = 0; i < 1000; i++) {
      for (let bit = 0; bit < 32; bit++) {
        const difference = mix32(7, i) ^ mix32(7, i ^ (1 << bit));
        for (let b = 0; b < 32; b++) flipped += (difference >>> b) & 1;
      }
    }
    expect(flipped / (1000 * 32 * 32)).toBeCloseTo(0.5, 2);
  });
});
