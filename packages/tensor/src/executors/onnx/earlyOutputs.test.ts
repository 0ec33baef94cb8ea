import { afterAll, expect, it } from "vitest";
import { compile } from "../../compile.ts";
import { type Tensor, tensor, valueAndGrad } from "../../index.ts";
import { hostRandomNormal } from "../../random.ts";
import type { Executor } from "../executor.ts";
import { onnxExecutor } from "../onnx.ts";
import { referenceExecutor } from "../reference.ts";
import { divideWork } from "./hostWork.ts";

const executor = onnxExecutor();
afterAll(() => executor.dispose());

const rows = 2048;
const width = 256;

/** A step of a model whose output layer is its embedding: the table's gradient comes from both. */
function step({ table, mean }: { table: Tensor; mean: Tensor }, ids: Tensor) {
  const [loss, gradient] = valueAndGrad((table: Tensor) =>
    table.gather(ids).sin().matmul(table, { transposeB: true }).square().mean(),
  )(table);
  const next = mean.mul(0.9).add(gradient.mul(0.1));
  return { state: { table: table.sub(next.mul(0.5)), mean: next }, loss, norm: gradient.square().sum() };
}

const start = () => ({
  table: tensor(hostRandomNormal(1, "table", rows * width), { shape: [rows, width] }),
  mean: tensor(new Float32Array(rows * width), { shape: [rows, width] }),
});
const ids = tensor([3, 2047, 3, 0], { dtype: "int32" });

it("keeps the output layer's part of a gradient where the whole of it will be", () => {
  const program = compile(step, { executor, donate: [0] }).program(start(), ids);
  const donated = program.inputs.map((_, i) => i < 2);
  const { shared, program: graph } = divideWork(program, donated);
  expect(shared).toHaveLength(1);
  const [{ output, place }] = shared as [{ output: number; place: number }];
  expect(graph.outputs[place]!.node.op.name).toBe("scatterAdd");
  expect(graph.outputs[place]!.node.inputs).toContain(graph.outputs[output]);
});

it("gives the numbers of the reference executor", async () => {
  const run = async (executor: Executor) => {
    const compiled = compile(step, { executor, donate: [0] });
    let state = start();
    const numbers: number[] = [];
    for (let i = 0; i < 3; i++) {
      const result = await compiled(state, ids);
      state = result.state;
      numbers.push(await result.loss.item(), await result.norm.item());
    }
    return [...numbers, ...Array.from(await state.table.data(), Number)];
  };
  const [ours, reference] = [await run(executor), await run(referenceExecutor())];
  for (const [i, value] of ours.entries())
    expect(Math.abs(value - reference[i]!)).toBeLessThan(1e-3 + 1e-4 * Math.abs(value));
});
