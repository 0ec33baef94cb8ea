import { afterAll, expect, it } from "vitest";
import "../../fluent.ts";
import { compile } from "../../compile.ts";
import { valueAndGrad } from "../../grad.ts";
import type { Program, Tensor } from "../../graph.ts";
import { randomTensor } from "../../testing/randomTensor.ts";
import { onnxExecutor } from "../onnx.ts";
import { referenceExecutor } from "../reference.ts";
import { productsByHead } from "./productsByHead.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

const rows = 128;
const given = [
  randomTensor("x", [2, rows, 6]),
  randomTensor("qkv", [6, 12]),
  randomTensor("bias", [12]),
  randomTensor("query", [4, 6]),
  randomTensor("out", [4, 6]),
];
const byHead = (x: Tensor) => x.reshape([x.shape[0]!, x.shape[1]!, 2, 2]).transpose([0, 2, 1, 3]);
const byRow = (x: Tensor) => x.transpose([0, 2, 1, 3]).reshape([x.shape[0]!, x.shape[2]!, 4]);

/** Query, key and value of one product, another query of a transposed weight, and back through a third. */
function attend([x, qkv, bias, other, out]: readonly Tensor[]): Tensor {
  const [query, key, value] = x!.matmul(qkv!).add(bias!).split([4, 4, 4]).map(byHead);
  const more = byHead(x!.matmul(other!, { transposeB: true }));
  const weights = query!.add(more).matmul(key!, { transposeB: true }).softmax();
  return byRow(weights.matmul(value!)).matmul(out!);
}
const gradients = (inputs: readonly Tensor[]) =>
  valueAndGrad((all: readonly Tensor[]) => attend(all).square().sum())(inputs);

const count = ({ nodes }: Program, name: string) => nodes.filter(({ op }) => op.name === name).length;
const programOf = (fn: (inputs: readonly Tensor[]) => unknown, inputs: readonly Tensor[] = given) =>
  compile(fn, { executor }).program(inputs);

it("puts products by head in place of products that are cut up, in the backward too", async () => {
  const program = programOf(gradients);
  const rewritten = productsByHead(program);
  expect(count(program, "productByHead")).toBe(0);
  // Query, key, value, the other query, and the gradient of what is mixed.
  expect(count(rewritten, "productByHead")).toBe(5);
  expect(count(program, "transpose") - count(rewritten, "transpose")).toBe(5);
  const [onnx, reference] = [executor, referenceExecutor()].map((on) => compile(gradients, { executor: on }));
  const [[loss, found], [expectedLoss, expected]] = [await onnx!(given), await reference!(given)];
  for (const [i, tensor] of [loss, ...found].entries()) {
    const want = await [expectedLoss, ...expected][i]!.data();
    const largest = (want as Float32Array).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const got = await tensor.data();
    for (const [k, value] of (want as Float32Array).entries()) {
      expect(Math.abs(Number(got[k]) - value)).toBeLessThan(1e-5 * largest);
    }
  }
});

it.each<[string, (inputs: readonly Tensor[]) => unknown, (readonly Tensor[])?]>([
  ["few rows", attend, [randomTensor("short", [2, rows - 1, 6]), ...given.slice(1)]],
  [
    "a product that something else needs",
    ([x, weight]) => {
      const product = x!.matmul(weight!);
      return [product.sum(), product.reshape([2, rows, 6, 2]).transpose([0, 2, 1, 3])];
    },
  ],
  [
    "a part that is not cut up by heads",
    ([x, weight]) => {
      const [query, rest] = x!.matmul(weight!).split([4, 8]);
      return [byHead(query!), rest!.sum()];
    },
  ],
  ["another order", ([x, weight]) => x!.matmul(weight!).reshape([2, rows, 6, 2]).transpose([0, 2, 3, 1])],
])("leaves %s as it is", (_, fn, inputs = given) => {
  expect(count(productsByHead(programOf(fn, inputs)), "productByHead")).toBe(0);
});
