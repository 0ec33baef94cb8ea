import { expect, it } from "vitest";
import { instantiateKernel, type SimdKernel } from "./simdKernel.ts";

function runKernel(kernel: SimdKernel, arrays: readonly Float32Array[], scalars: readonly number[]): Float32Array[] {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const length = arrays[0]!.length;
  const bytes = Math.ceil(length / 4) * 16;
  const views = arrays.map((array, i) => {
    const view = new Float32Array(memory.buffer, i * bytes, length);
    view.set(array);
    return view;
  });
  instantiateKernel(kernel, memory)(bytes, ...arrays.map((_, i) => i * bytes), ...scalars);
  return views;
}

const x = Float32Array.from({ length: 11 }, (_, i) => (i - 4) / 3);
const y = Float32Array.from({ length: 11 }, (_, i) => 1 + i * i);

it("computes every instruction as float32 arithmetic does", () => {
  const array = (index: number) => ({ kind: "array", index }) as const;
  const instructions = {
    "f32x4.abs": Math.abs,
    "f32x4.neg": (a: number) => -a,
    "f32x4.sqrt": Math.sqrt,
    "f32x4.add": (a: number, b: number) => a + b,
    "f32x4.sub": (a: number, b: number) => a - b,
    "f32x4.mul": (a: number, b: number) => a * b,
    "f32x4.div": (a: number, b: number) => a / b,
    "f32x4.min": Math.min,
    "f32x4.max": Math.max,
    sign: Math.sign,
  };
  const special = [0, -0, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -149), 3.4e38, -3.4e38, 1e-30, -1];
  const [first, second] = [Float32Array.of(...x, ...special), Float32Array.of(...y, ...special.toReversed())];
  for (const [name, expected] of Object.entries(instructions) as [keyof typeof instructions, typeof Math.pow][]) {
    const operands = [array(0), array(1)].slice(0, expected.length);
    const kernel: SimdKernel = {
      arrays: ["float32", "float32"],
      scalars: 0,
      steps: [{ instruction: name, operands }],
      stores: [{ step: 0, array: 0 }],
    };
    const [result] = runKernel(kernel, [first, second], []);
    expect([...result!], name).toEqual([...first].map((value, i) => Math.fround(expected(value, second[i]!))));
  }
});

it("takes scalars and literals, chains steps and stores several results over their inputs", () => {
  const kernel: SimdKernel = {
    arrays: ["float32", "float32"],
    scalars: 1,
    steps: [
      {
        instruction: "f32x4.mul",
        operands: [
          { kind: "array", index: 0 },
          { kind: "scalar", index: 0 },
        ],
      },
      {
        instruction: "f32x4.add",
        operands: [
          { kind: "step", index: 0 },
          { kind: "literal", value: 0.5 },
        ],
      },
      {
        instruction: "f32x4.sub",
        operands: [
          { kind: "array", index: 1 },
          { kind: "step", index: 1 },
        ],
      },
    ],
    stores: [
      { step: 2, array: 0 },
      { step: 1, array: 1 },
    ],
  };
  const [first, second] = runKernel(kernel, [x, y], [3]);
  const step = (i: number) => Math.fround(Math.fround(x[i]! * 3) + 0.5);
  expect([...second!]).toEqual([...x].map((_, i) => step(i)));
  expect([...first!]).toEqual([...y].map((value, i) => Math.fround(value - step(i))));
});

it("selects by a scalar condition, and does nothing to an empty array", () => {
  const kernel: SimdKernel = {
    arrays: ["float32", "float32"],
    scalars: 1,
    steps: [
      {
        instruction: "v128.bitselect",
        operands: [
          { kind: "scalar", index: 0 },
          { kind: "array", index: 0 },
          { kind: "array", index: 1 },
        ],
      },
    ],
    stores: [{ step: 0, array: 0 }],
  };
  expect([...runKernel(kernel, [x, y], [1])[0]!]).toEqual([...x]);
  expect([...runKernel(kernel, [x, y], [0])[0]!]).toEqual([...y]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  instantiateKernel(kernel, memory)(0, 0, 16, 0);
  expect(new Float32Array(memory.buffer).every((value) => value === 0)).toBe(true);
});
