import { describe, expect, it } from "vitest";
import { checkProgram } from "./checkProgram.ts";
import { compile } from "./compile.ts";
import { referenceExecutor } from "./executors/reference.ts";
import "./fluent.ts";
import { relu } from "./functional/activations.ts";
import { gradients, valueAndGrad } from "./grad.ts";
import type { Tensor } from "./graph.ts";
import { placeholder, tensor } from "./ops/create.ts";
import { maximum, stopGradient } from "./ops/elementwise.ts";
import { defineOp, record } from "./ops/op.ts";
import { topK } from "./ops/reduce.ts";
import { optimize } from "./optimize.ts";
import { printProgram } from "./print.ts";
import { makeProgram } from "./program.ts";

const executor = referenceExecutor();
const listed = async (x: Tensor) => Array.from(await x.data(), Number);

function slopes(loss: (x: Tensor) => Tensor, at: number[]): Promise<number[]> {
  const step = compile((x: Tensor) => gradients(loss(x), [x])[0]!, { executor, check: true });
  return step(tensor(at)).then(listed);
}

describe("gradients", () => {
  it("add up where a tensor is used several times", async () => {
    expect(await slopes((x) => x.mul(x).add(x).sum(), [1, 2])).toEqual([3, 5]);
  });

  it("are summed over broadcast axes", async () => {
    expect(await slopes((x) => x.broadcastTo([4, 2]).sum(), [1, 2])).toEqual([4, 4]);
  });

  it("are zeros for what the result does not depend on", async () => {
    expect(await slopes(() => tensor(3), [1, 2])).toEqual([0, 0]);
    expect(await slopes((x) => stopGradient(x).sum(), [1, 2])).toEqual([0, 0]);
    expect(await slopes((x) => x.less(1).cast("float32").sum(), [1, 2])).toEqual([0, 0]);
  });

  it("are taken with respect to values inside, too", () => {
    const x = placeholder("x", "float32", [2]);
    const inner = x.exp();
    const [gradient] = gradients(inner.mul(inner).sum(), [inner]);
    const program = makeProgram([x], [gradient!]);
    checkProgram(program);
    expect(printProgram(optimize(program))).toContain("exp");
  });

  it("choose as PyTorch does at the kink of relu and among equal maxima", async () => {
    expect(await slopes((x) => relu(x).sum(), [-1, 0, 1])).toEqual([0, 0, 1]);
    expect(await slopes((x) => x.max(), [3, 1, 3])).toEqual([0.5, 0, 0.5]);
  });

  it("give the first operand all of it where both are the maximum", async () => {
    expect(await slopes((x) => maximum(x, x.mul(0).add(1)).sum(), [1])).toEqual([1]);
  });

  it("flow through one output of several", async () => {
    expect(await slopes((x) => topK(x, 2).values.sum(), [1, 3, 2])).toEqual([0, 1, 1]);
  });

  it("keep the walk short for a graph whose paths multiply", async () => {
    const double = (x: Tensor) => {
      let y = x;
      for (let i = 0; i < 40; i++) y = y.add(y);
      return y.sum();
    };
    expect(await slopes(double, [1])).toEqual([2 ** 40]);
  });

  it("handle a graph far deeper than the stack", async () => {
    const chain = (x: Tensor) => {
      let y = x;
      for (let i = 0; i < 20_000; i++) y = y.neg();
      return y.sum();
    };
    expect(await slopes(chain, [1])).toEqual([1]);
  });

  it("can be differentiated again", async () => {
    const second = (x: Tensor) => gradients(x.pow(3).sum(), [x])[0]!.sum();
    expect(await slopes(second, [2])).toEqual([12]);
  });

  it("work for an op defined elsewhere", async () => {
    const triple = defineOp({
      name: "triple",
      infer: ([x]) => x!,
      vjp: ({ gradient }) => [gradient.mul(3)],
      reference: ([x], [output]) => output!.set(x!.map((value) => 3 * value)),
      onnx: (emit, [x]) => emit.node("Mul", [x!, emit.constant("float32", [3], [])]),
      tfjs: (tf, [x]) => tf.mul(x!, tf.scalar(3)),
    });
    expect(await slopes((x) => record(triple, [x], {})[0]!.mul(x).sum(), [2])).toEqual([12]);
  });
});

describe("valueAndGrad", () => {
  const model = { weight: tensor([[1, 2]]), steps: tensor([3], { dtype: "int32" }), name: "m" };

  it("returns the result and gradients in the tree of the parameters", async () => {
    const step = compile(
      (parameters: typeof model, x: Tensor) =>
        valueAndGrad((p: typeof model) => [x.matmul(p.weight).square().sum(), "aux"] as const)(parameters),
      { executor, check: true },
    );
    const [[loss, note], gradient] = await step(model, tensor([[2], [1]]));
    expect(await loss.item()).toBe(25);
    expect(note).toBe("aux");
    expect(await listed(gradient.weight)).toEqual([10, 20]);
    expect(await listed(gradient.steps)).toEqual([0]);
    expect(gradient.steps.dtype).toBe("int32");
    expect(gradient.name).toBe("m");
  });

  it("adds the gradients of tied weights", async () => {
    const weight = tensor([3]);
    const step = compile((p: { a: Tensor; b: Tensor }) => valueAndGrad((q: typeof p) => q.a.mul(q.b).sum())(p)[1], {
      executor,
    });
    const gradient = await step({ a: weight, b: weight });
    expect(gradient.a).toBe(gradient.b);
    expect(await listed(gradient.a)).toEqual([6]);
  });
});
