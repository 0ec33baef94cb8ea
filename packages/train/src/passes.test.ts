import { type Executor, referenceExecutor, tensor } from "@llm/tensor";
import { describe, expect, it } from "vitest";
import { passCount } from "./passes.ts";

const batch = (rows: number, length: number) => ({
  inputIds: tensor(new Int32Array(rows * length), { shape: [rows, length] }),
  weights: tensor(new Float32Array(rows), { shape: [rows] }),
});
const caching: Executor = { ...referenceExecutor(), tokensPerPass: 100 };

describe("passCount", () => {
  it("keeps to the tokens that the executor is best with", () => {
    expect(passCount(batch(16, 25), undefined, caching)).toBe(4);
    expect(passCount(batch(4, 25), undefined, caching)).toBe(1);
    // Seven rows divide into one or seven; longer rows than that go alone.
    expect(passCount(batch(7, 25), undefined, caching)).toBe(7);
    expect(passCount(batch(6, 500), undefined, caching)).toBe(6);
  });

  it("is one where the executor has no such number", () => {
    expect(passCount(batch(64, 1000), undefined, referenceExecutor())).toBe(1);
  });

  it("is one where tensors do not share their rows", () => {
    expect(passCount({ ...batch(16, 25), scale: tensor(1) }, undefined, caching)).toBe(1);
    expect(passCount({ ...batch(16, 25), others: tensor([1, 2]) }, 2, caching)).toBe(1);
  });

  it("is what rowsPerPass says", () => {
    expect(passCount(batch(16, 25), 8, caching)).toBe(2);
    expect(() => passCount(batch(16, 25), 5, caching)).toThrow(
      "the 16 rows of a batch cannot be divided into passes of 5",
    );
  });
});
