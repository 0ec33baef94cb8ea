import { expect, it } from "vitest";
import { levelBoundaries, quantizationLevels } from "../fused/quantizationLevels.ts";
import { blockwiseBytes, fillTables, firstCodes } from "./blockwise.ts";
import { instantiateKernel, type SimdKernel } from "./simdKernel.ts";

const kinds = ["signed", "unsigned"] as const;

it.each(kinds)("%s: one comparison is left after the look-up, for every float32", (kind) => {
  const boundaries = levelBoundaries(kind);
  const codes = firstCodes(boundaries);
  const number = new Float32Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let upper = 0; upper < 65536; upper++) {
    for (const lower of [0, 65535]) {
      bits[0] = upper * 65536 + lower;
      if (Number.isNaN(number[0])) continue;
      const below = boundaries.findLastIndex((boundary) => number[0]! > boundary) + 1;
      const first = codes[upper]!;
      expect(first + Number(number[0]! > (boundaries[first] ?? Infinity))).toBe(below);
    }
  }
});

it.each(kinds)("%s: a kernel writes the nearest levels of each block, and its scale", (levels) => {
  const kernel: SimdKernel = {
    arrays: ["float32", "scales", { levels, scales: 1 }],
    scalars: 0,
    steps: [
      {
        instruction: "f32x4.mul",
        operands: [
          { kind: "array", index: 0 },
          { kind: "literal", value: 1 },
        ],
      },
    ],
    stores: [{ step: 0, array: 2 }],
  };
  const memory = new WebAssembly.Memory({ initial: Math.ceil((blockwiseBytes + 8192) / 65536) });
  fillTables(memory);
  const numbers = new Float32Array(memory.buffer, blockwiseBytes, 512);
  for (const i of numbers.keys())
    numbers[i] = (levels === "signed" && i % 2 ? -1 : 1) * (i < 256 ? 3 : 40) * 10 ** (-i / 40);
  const scales = new Float32Array(memory.buffer, blockwiseBytes + 2048, 2);
  const codes = new Uint8Array(memory.buffer, blockwiseBytes + 2112, 512);
  instantiateKernel(kernel, memory)(2048, blockwiseBytes, blockwiseBytes + 2048, blockwiseBytes + 2112);
  const table = [...quantizationLevels[levels]];
  for (const block of [0, 1]) {
    const own = [...numbers.subarray(block * 256, block * 256 + 256)];
    const scale = Math.max(...own.map(Math.abs));
    expect(scales[block]).toBe(scale);
    const distances = own.map((x, i) => Math.abs(x / scale - table[codes[block * 256 + i]!]!));
    const least = own.map((x) => Math.min(...table.map((level) => Math.abs(x / scale - level))));
    for (const [i, distance] of distances.entries()) expect(distance).toBeLessThanOrEqual(least[i]! + 1e-7);
  }
});

it("says NaN of a block that has one", () => {
  const kernel: SimdKernel = {
    arrays: ["scales", { levels: "signed", scales: 0 }],
    scalars: 0,
    steps: [
      {
        instruction: "f32x4.add",
        operands: [
          { kind: "array", index: 1 },
          { kind: "literal", value: Number.NaN },
        ],
      },
    ],
    stores: [{ step: 0, array: 1 }],
  };
  const memory = new WebAssembly.Memory({ initial: Math.ceil((blockwiseBytes + 1024) / 65536) });
  fillTables(memory);
  instantiateKernel(kernel, memory)(1024, blockwiseBytes, blockwiseBytes + 64);
  expect(new Float32Array(memory.buffer, blockwiseBytes, 1)[0]).toBeNaN();
});
