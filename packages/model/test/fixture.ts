// Reads the tensors that a fixture script wrote, and compares numbers.
import { type Tensor, tensor } from "@llm/tensor";
import { openSafetensors } from "@llm/tensor/safetensors";
import { expect } from "vitest";

export interface Fixture {
  /** int32 [...], whatever integers the file holds. */
  ids(name: string): Tensor;
  numbers(name: string): number[];
}

export async function loadFixture(path: string): Promise<Fixture> {
  await using file = await openSafetensors(path);
  const arrays = new Map<string, { shape: readonly number[]; numbers: number[] }>();
  for (const name of file.names) {
    const { shape, data } = await file.read(name);
    arrays.set(name, { shape, numbers: Array.from(data as ArrayLike<number | bigint>, Number) });
  }
  const find = (name: string) => {
    const array = arrays.get(name);
    if (!array) throw new Error(`${path} has no ${name}`);
    return array;
  };
  return {
    ids: (name) => tensor(Int32Array.from(find(name).numbers), { shape: find(name).shape }),
    numbers: (name) => find(name).numbers,
  };
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

export async function collect(tokens: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const id of tokens) all.push(id);
  return all;
}
