import { describe, expect, it } from "vitest";
import { quantizeColumns } from "./quantizeColumns.ts";

describe("quantizeColumns", () => {
  it("scales each column by its largest value and keeps zeros", () => {
    // Columns: 1.27 is level 127 at scale 0.01; zeros; -2 is level -127.
    const weight = Float32Array.of(1.27, 0, 1, -0.635, 0, -2, 0.004, 0, 0);
    const { values, scales } = quantizeColumns("layer", weight, { columns: 3, levels: 127 });
    expect(scales[0]).toBeCloseTo(0.01, 7);
    expect(scales[1]).toBe(1);
    expect(scales[2]).toBeCloseTo(2 / 127, 7);
    expect([...values]).toEqual([127, 0, 64, -64, 0, -127, 0, 0, 0]);
  });

  it("rounds halves to even", () => {
    // The scale is exactly 1, so the weights are levels.
    const weight = Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4999, 126.5);
    const { values } = quantizeColumns("layer", weight, { columns: 1, levels: 127 });
    expect([...values]).toEqual([127, 0, 2, 2, 0, -2, -2, 2, 126]);
  });

  it("is wrong by at most half a step, up to the ends of the range", () => {
    const columns = 7;
    for (const levels of [127, 64]) {
      const weight = Float32Array.from({ length: 70 }, (_, i) => Math.sin(i * i) * 10 ** ((i % columns) - 3));
      const { values, scales } = quantizeColumns("layer", weight, { columns, levels });
      for (const [i, value] of values.entries()) {
        const scale = scales[i % columns]!;
        expect(Math.abs(value)).toBeLessThanOrEqual(levels);
        expect(Math.abs(value * scale - weight[i]!)).toBeLessThanOrEqual(0.5001 * scale);
      }
      for (let column = 0; column < columns; column++) {
        expect(Math.max(...values.filter((_, i) => i % columns === column).map(Math.abs))).toBe(levels);
      }
    }
  });

  it("keeps columns of the smallest numbers within the range", () => {
    const weight = Float32Array.of(1e-45, -1e-45, 1e-38, -3e-38);
    const { values, scales } = quantizeColumns("layer", weight, { columns: 2, levels: 127 });
    expect(scales.every((scale) => scale > 0 && Number.isFinite(scale))).toBe(true);
    for (const [i, value] of values.entries()) {
      expect(Math.abs(value * scales[i % 2]! - weight[i]!)).toBeLessThan(1e-38);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %d and says where it is", (bad) => {
    const weight = Float32Array.of(1, 2, 3, 4, bad, 6);
    expect(() => quantizeColumns("h.0.weight", weight, { columns: 2, levels: 127 })).toThrow(
      `h.0.weight: expected finite weights, got ${bad} at [2, 0] (the model is damaged)`,
    );
  });
});
