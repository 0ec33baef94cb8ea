import { describe, expect, it } from "vitest";
import { checkProgram } from "./checkProgram.ts";
import { layerNorm } from "./fused/norms.ts";
import { gradients } from "./grad.ts";
import type { Tensor } from "./graph.ts";
import { broadcastTo, sum } from "./ops/broadcast.ts";
import { constant, iota, placeholder } from "./ops/create.ts";
import { add, cast, div, exp, maximum, mul, pow, sub } from "./ops/elementwise.ts";
import { gather, scatterAdd } from "./ops/gather.ts";
import { matmul } from "./ops/matmul.ts";
import { pad, reshape, slice } from "./ops/movement.ts";
import { topK } from "./ops/reduce.ts";
import { optimize } from "./optimize.ts";
import { printProgram } from "./print.ts";
import { makeProgram } from "./program.ts";

const x = placeholder("x", "float32", [2, 3]);

function optimized(...outputs: Tensor[]): string {
  const program = optimize(makeProgram([x], outputs));
  checkProgram(program);
  return printProgram(program);
}

const program = (body: string, result: string) =>
  `program(%0: float32[2,3] "x") {\n${body && `${body}\n`}  return ${result}\n}`;

describe("optimize", () => {
  it("computes equal expressions once", () => {
    expect(optimized(add(exp(x), exp(x)))).toBe(
      program("  %1: float32[2,3] = exp(%0)\n  %2: float32[2,3] = add(%1, %1)", "%2"),
    );
  });

  it("computes literals beforehand", () => {
    expect(optimized(mul(x, add(constant(2), 3)))).toBe(
      program("  %1: float32[] = constant() data=[5]\n  %2: float32[2,3] = mul(%0, %1)", "%2"),
    );
  });

  it("scales the rows of a product instead of those of the wide matrix that goes into it", () => {
    const wide = placeholder("wide", "float32", [4, 64]);
    const scales = placeholder("scales", "float32", [4, 1]);
    const weight = placeholder("weight", "float32", [64, 8]);
    const hidden = placeholder("hidden", "float32", [4, 8]);
    const scaled = mul(wide, scales);
    const large = (outputs: Tensor[]) => {
      const { nodes } = optimize(makeProgram([wide, scales, weight, hidden], outputs));
      return nodes.filter(({ op, outputs }) => op.name === "mul" && outputs[0]!.shape.includes(64)).length;
    };
    expect(large([matmul(scaled, weight)])).toBe(0);
    expect(large([matmul(scaled, hidden, { transposeA: true })])).toBe(0);
    expect(large([matmul(reshape(reshape(scaled, [2, 2, 64]), [4, 64]), weight)])).toBe(0);
    const wider = mul(placeholder("wider", "float32", [2, 2, 4096]), placeholder("rows", "float32", [2, 2, 1]));
    const sums = optimize(makeProgram([], [sum(reshape(wider, [4, 4096]), 0)]));
    expect(sums.nodes.map(({ op }) => op.name)).not.toContain("mul");
    expect(large([matmul(scaled, placeholder("square", "float32", [64, 64]))])).toBe(1);
    expect(large([matmul(mul(wide, placeholder("columns", "float32", [64])), weight)])).toBe(1);
  });

  it("tells -0 from 0", () => {
    expect(optimized(div(1, mul(x, constant(-0))), div(1, mul(x, constant(0)))).match(/constant/g)).toHaveLength(3);
  });

  it("adds what can be added in the same op", () => {
    const rows = scatterAdd(constant([1, 0], "int32", [2]), exp(x), 2);
    expect(optimized(add(x, rows))).toMatch(/scatterAdd\(%\d, %\d, %0\) rows=2\n {2}return/);
    expect(optimized(add(rows, x))).toMatch(/scatterAdd\(%\d, %\d, %0\) rows=2\n {2}return/);
    // What something else reads as well must be there without the addend.
    expect(optimized(add(x, rows), rows)).toContain("= add(");
    expect(optimized(add(1, rows))).toContain("= add(");
  });

  it("leaves out what gives back its input", () => {
    const same = [
      add(x, 0),
      add(0, x),
      sub(x, 0),
      mul(x, 1),
      mul(1, x),
      div(x, 1),
      pow(x, 1),
      reshape(x, [2, 3]),
      broadcastTo(x, [2, 3]),
      slice(x, 0, 0, 2),
      pad(x, 1, 0, 0),
      cast(x, "float32"),
    ];
    for (const output of same) expect(optimized(output)).toBe(program("", "%0"));
  });

  it("keeps neutral elements that broadcast", () => {
    expect(optimized(add(x, constant([0], "float32", [1, 1, 1])))).toContain("add");
    expect(optimized(sub(0, x))).toContain("sub");
    expect(optimized(div(1, x))).toContain("div");
  });

  it("drops what no output needs", () => {
    exp(x);
    expect(optimized(maximum(x, 0))).not.toContain("exp");
  });

  it("leaves a failing literal to the run, which can name the line", () => {
    const row = gather(constant([1, 2], "float32", [2]), constant([5], "int32", [1]));
    expect(optimized(mul(x, row))).toContain("gather");
  });

  it("keeps large literals out of the program", () => {
    const large = broadcastTo(constant(2), [100, 100]);
    expect(optimized(mul(large, 2))).toContain("broadcastTo");
  });

  it("treats each output of an op by itself", () => {
    const { values, indices } = topK(x, 2);
    expect(optimized(values, indices, topK(x, 2).indices)).toBe(
      program("  %1: float32[2,2], %2: int32[2,2] = topK(%0) k=2 axis=1", "%1, %2, %2"),
    );
  });

  it("does not grow with a second pass", () => {
    const weight = placeholder("w", "float32", [3]);
    const loss = reshape(mul(layerNorm(x, weight, weight), 1), [6]);
    const total = gather(loss, iota(1));
    const once = optimize(makeProgram([x, weight], gradients(reshape(total, []), [x, weight])));
    checkProgram(once);
    expect(printProgram(optimize(once))).toBe(printProgram(once));
  });
});
