import { afterAll, describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";
import type { Executor } from "./executors/executor.ts";
import { onnxExecutor } from "./executors/onnx.ts";
import { referenceExecutor } from "./executors/reference.ts";
import type { Tensor } from "./graph.ts";
import { closeProgram } from "./program.ts";
import { hostRandomBits, hostRandomNormal, hostRandomUniform, RandomKey, randomBits, randomUniform } from "./random.ts";

const executors: Executor[] = [referenceExecutor(), onnxExecutor({ thread: "main", threads: 1 })];
afterAll(() => Promise.all(executors.map((executor) => executor.dispose())));

async function dataOf(tensor: Tensor, executor: Executor) {
  return (await (await evaluate(tensor, executor)).read()).data;
}

describe.each(executors)("random bits on $name", (executor) => {
  it.each([0, 1, 42, 2 ** 32 + 1, 2 ** 52])("are those of the host for seed %d", async (seed) => {
    const bits = randomBits(RandomKey.from(seed).derive("layer"), [10, 10]);
    expect(await dataOf(bits, executor)).toEqual(hostRandomBits(seed, "layer", 100));
  });

  it("are the same for every executor at a later step", async () => {
    const draw = () => randomUniform(RandomKey.from(3, 7).derive("a").derive(2), [50]);
    expect(await dataOf(draw(), executor)).toEqual(await dataOf(draw(), executors[0]!));
  });
});

describe("keys", () => {
  const words = async (key: RandomKey) => String(await dataOf(key.words, executors[0]!));

  it("differ by seed, step and place, also in their high words", async () => {
    const keys = [
      RandomKey.from(0),
      RandomKey.from(1),
      RandomKey.from(0, 1),
      RandomKey.from(2 ** 32),
      RandomKey.from(0, 2 ** 32),
      RandomKey.from(2 ** 32, 2 ** 32),
      RandomKey.from(0).derive("a"),
      RandomKey.from(0).derive("b"),
      RandomKey.from(0).derive("a").derive("b"),
      RandomKey.from(0).derive(0),
    ];
    const texts = await Promise.all(keys.map(words));
    expect(new Set(texts).size).toBe(keys.length);
  });
});

it("takes whole numbers only", () => {
  for (const seed of [0.5, Number.NaN, 2 ** 53]) {
    expect(() => RandomKey.from(seed)).toThrow(`random: seed and step must be whole numbers below 2^53, got ${seed}`);
    expect(() => hostRandomBits(seed, "a", 1)).toThrow("whole numbers");
  }
  expect(() => RandomKey.from(0, 1.5)).toThrow("got 1.5");
});

describe("what is drawn", () => {
  const count = 100_000;

  it("has balanced bits, each independent of its neighbour", () => {
    const bits = hostRandomBits(5, "balance", count);
    // Five standard deviations of a fair coin.
    const slack = (5 * Math.sqrt(count)) / 2;
    for (let bit = 0; bit < 32; bit++) {
      let ones = 0;
      let changes = 0;
      for (let i = 0; i < count; i++) {
        ones += (bits[i]! >>> bit) & 1;
        if (i > 0) changes += ((bits[i]! ^ bits[i - 1]!) >>> bit) & 1;
      }
      expect(Math.abs(ones - count / 2)).toBeLessThan(slack);
      expect(Math.abs(changes - count / 2)).toBeLessThan(slack);
    }
  });

  it("does not follow what another place or seed draws", () => {
    const draws = [
      hostRandomUniform(1, "a", count),
      hostRandomUniform(1, "b", count),
      hostRandomUniform(2, "a", count),
    ];
    for (const [i, a] of draws.entries()) {
      for (const b of draws.slice(i + 1)) {
        const correlation = a.reduce((total, value, k) => total + value * b[k]!, 0) / (count / 3);
        expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(count));
      }
    }
  });

  it("is uniform in [0, 1) on an executor", async () => {
    const numbers = (await dataOf(randomUniform(RandomKey.from(9), [10_000]), executors[1]!)) as Float32Array;
    const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const variance = numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / numbers.length;
    expect(mean).toBeCloseTo(1 / 2, 1);
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
  });

  it("is normal with the deviation asked for", () => {
    const normal = hostRandomNormal(4, "n", count + 1, 0.02);
    expect(normal).toHaveLength(count + 1);
    const mean = normal.reduce((a, b) => a + b, 0) / normal.length;
    const variance = normal.reduce((a, b) => a + (b - mean) ** 2, 0) / normal.length;
    const beyondTwo = normal.filter((value) => Math.abs(value) > 0.04).length / normal.length;
    expect(Math.abs(mean)).toBeLessThan(0.0005);
    expect(Math.sqrt(variance)).toBeCloseTo(0.02, 3);
    expect(beyondTwo).toBeCloseTo(0.0455, 2);
    expect(normal.every(Number.isFinite)).toBe(true);
  });
});

it("reads the key as an input of the program, so that a step needs no compilation of its own", () => {
  const key = RandomKey.from(1, 2);
  const { captured } = closeProgram([], [randomBits(key, [2])]);
  expect(captured).toEqual([key.words]);
});
