import { describe, expect, it } from "vitest";
import { windowAt, windowCount } from "./windows.ts";

describe("windows", () => {
  it.each([
    [100, 10, 9],
    [101, 10, 1],
    [9, 10, 5],
    [10, 10, 5],
    [11, 10, 5],
    [57, 8, 3],
  ])("of %i tokens, window %i, stride %i: each token but the first counts once, with enough context", (...sizes) => {
    const [tokenCount, windowLength, stride] = sizes;
    const shape = { tokenCount, windowLength, stride };
    const counted = new Uint8Array(tokenCount);
    for (let i = 0; i < windowCount(shape); i++) {
      const { start, length, scoredFrom } = windowAt(i, shape);
      expect(length).toBeGreaterThan(0);
      expect(start + length).toBeLessThanOrEqual(tokenCount);
      if (i > 0) expect(scoredFrom - start).toBe(windowLength - stride);
      for (let place = scoredFrom; place < start + length; place++) counted[place]! += 1;
    }
    expect([...counted]).toEqual([0, ...Array(tokenCount - 1).fill(1)]);
  });
});
