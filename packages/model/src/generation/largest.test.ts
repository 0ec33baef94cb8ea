import fc from "fast-check";
import { expect, it } from "vitest";
import { argMax, largest, nthLargest } from "./largest.ts";

it("finds what sorting everything finds, the lower index first among equals", () => {
  const values = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.NEGATIVE_INFINITY)), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(values, fc.nat(45), (list, count) => {
      const array = Float32Array.from(list);
      const sorted = list.map((_, i) => i).sort((a, b) => (list[a] === list[b] ? a - b : list[b]! - list[a]!));
      expect(largest(array, count)).toEqual(sorted.slice(0, count));
      expect(argMax(array)).toBe(sorted[0]);
      const place = Math.min(Math.max(count, 1), list.length);
      expect(nthLargest(array, place)).toBe(list[sorted[place - 1]!]);
    }),
    { seed: 5, numRuns: 500 },
  );
});
