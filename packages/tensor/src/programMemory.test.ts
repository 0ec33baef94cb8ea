import { describe, expect, it } from "vitest";
import { scan } from "./fused/scan.ts";
import type { Tensor } from "./graph.ts";
import { placeholder } from "./ops/create.ts";
import { add, cast, exp, neg } from "./ops/elementwise.ts";
import { reshape } from "./ops/movement.ts";
import { makeProgram } from "./program.ts";
import { programMemory } from "./programMemory.ts";

const x = placeholder("x", "float32", [10]);
const memoryOf = (...outputs: Tensor[]) => programMemory(makeProgram([x], outputs));

describe("programMemory", () => {
  it("frees a value after its last use", () => {
    expect(memoryOf(neg(exp(neg(exp(x)))))).toEqual({ inputs: 40, outputs: 40, peak: 80, temporary: 80 });
  });

  it("keeps a value that is needed later", () => {
    const kept = exp(x);
    expect(memoryOf(add(kept, neg(exp(neg(kept))))).temporary).toBe(120);
  });

  it("counts outputs apart, and each value once", () => {
    const first = exp(x);
    expect(memoryOf(first, neg(neg(first)))).toEqual({ inputs: 40, outputs: 80, peak: 120, temporary: 40 });
  });

  it("counts a view with what it views", () => {
    const flat = reshape(exp(x), [5, 2]);
    expect(memoryOf(reshape(neg(flat), [10])).temporary).toBe(40);
    expect(memoryOf(add(reshape(flat, [10]), exp(neg(x)))).temporary).toBe(120);
  });

  it("counts elements by their size", () => {
    expect(memoryOf(neg(cast(cast(x, "float16"), "float32")))).toEqual({
      inputs: 40,
      outputs: 40,
      peak: 80,
      temporary: 60,
    });
  });

  it("counts what a loop holds inside, once", () => {
    const rows = placeholder("rows", "float32", [3, 10]);
    const [total] = scan((sum: Tensor, row: Tensor) => [add(sum, neg(exp(neg(row)))), []] as const, x, rows);
    // A row and its exponential in turn, and the sum that is handed on.
    expect(programMemory(makeProgram([x, rows], [total]))).toEqual({
      inputs: 160,
      outputs: 40,
      peak: 120,
      temporary: 80,
    });
  });

  it("takes named sizes, and asks for those that are missing", () => {
    const named = placeholder("named", "float32", ["batch", 3]);
    const program = makeProgram([named], [neg(exp(named))]);
    expect(programMemory(program, { batch: 5 })).toEqual({ inputs: 60, outputs: 60, peak: 120, temporary: 60 });
    expect(() => programMemory(program)).toThrow('dimension "batch": no input of the program binds "batch"');
  });
});
