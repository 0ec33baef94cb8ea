import { expect, it } from "vitest";
import { constant, placeholder } from "./ops/create.ts";
import { add, less, where } from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import { printProgram } from "./print.ts";
import { makeProgram } from "./program.ts";

const x = placeholder("0.x", "float32", ["batch", 3]);
const w = placeholder("1", "float32", [2, 3]);

it("writes one line for each node, with types, attributes and shortened literals", () => {
  const bias = constant([1, 2, 3, 4, 5, 6], "float32", [3, 2]);
  const y = add(matmul(x, w, { transposeB: true }), 1);
  expect(printProgram(makeProgram([x, w], [where(less(y, 0), 0, y), bias]))).toMatchInlineSnapshot(`
    "program(%0: float32[batch,3] "0.x", %1: float32[2,3] "1") {
      %2: float32[batch,2] = matmul(%0, %1) transposeA=false transposeB=true
      %3: float32[] = constant() data=[1]
      %4: float32[batch,2] = add(%2, %3)
      %5: float32[] = constant() data=[0]
      %6: bool[batch,2] = less(%4, %5)
      %7: float32[] = constant() data=[0]
      %8: float32[batch,2] = where(%6, %7, %4)
      %9: float32[3,2] = constant() data=[1,2,3,4,…6]
      return %8, %9
    }"
  `);
});

it("adds the line that recorded a node when asked to", () => {
  const text = printProgram(makeProgram([x], [add(x, x)]), { origins: true });
  expect(text).toMatch(/add\(%0, %0\) {2}# print\.test\.ts:\d+\n/);
});
