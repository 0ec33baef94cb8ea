import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { ModelProtoSchema } from "./executors/onnx/onnx_pb.js";
import { onnxModel } from "./executors/onnx/onnxModel.ts";
import { onnxExecutor } from "./executors/onnx.ts";
import { referenceExecutor } from "./executors/reference.ts";
import "./fluent.ts";
import { dropout } from "./functional/dropout.ts";
import { gradients, valueAndGrad } from "./grad.ts";
import type { Tensor } from "./graph.ts";
import { constant, tensor } from "./ops/create.ts";
import { programMemory } from "./programMemory.ts";
import { hostRandomNormal, RandomKey } from "./random.ts";
import { parametersFirst, recompute } from "./recompute.ts";

const executor = referenceExecutor();
const layers = 8;
const matrix = (place: string, rows = 8) => tensor(hostRandomNormal(1, place, 8 * rows), { shape: [rows, 8] });
const weights = () => Array.from({ length: layers }, (_, i) => matrix(`w${i}`));
const listed = async (x: Tensor) => Array.from(await x.data(), Number);

/** A stack of layers with dropout, each of them recomputed or not. */
function stackLoss(w: readonly Tensor[], x: Tensor, key: RandomKey, recomputed: boolean): Tensor {
  for (const [i, weight] of w.entries()) {
    const layer = (x: Tensor, key: RandomKey) => dropout(x.matmul(weight).sin().exp().sin(), 0.25, key).add(x);
    x = (recomputed ? recompute(layer) : layer)(x, key.derive(i));
  }
  return x.square().mean();
}

const step = (executor = referenceExecutor()) =>
  compile(
    (w: readonly Tensor[], x: Tensor, key: RandomKey, recomputed: boolean) =>
      valueAndGrad((tensors: { w: readonly Tensor[]; x: Tensor }) => stackLoss(tensors.w, tensors.x, key, recomputed))({
        w,
        x,
      }),
    { executor, check: true },
  );

describe("recompute", () => {
  it.each([executor, onnxExecutor({ thread: "main", threads: 1 })])(
    "gives the same loss and gradients bit for bit on $name",
    async (executor) => {
      const [kept, again] = await Promise.all(
        [false, true].map(async (recomputed) => {
          const [loss, found] = await step(executor)(weights(), matrix("x", 16), RandomKey.from(1), recomputed);
          return Promise.all([loss, found.x, ...found.w].map(listed));
        }),
      );
      expect(again).toEqual(kept);
      expect(kept!.flat().every(Number.isFinite)).toBe(true);
    },
  );

  it("computes each layer twice and holds fewer values at a time", () => {
    const program = (recomputed: boolean) => step().program(weights(), matrix("x", 512), RandomKey.from(1), recomputed);
    const count = (recomputed: boolean, name: string) =>
      program(recomputed).nodes.filter(({ op }) => op.name === name).length;
    expect([count(false, "exp"), count(true, "exp")]).toEqual([layers, 2 * layers]);
    // Random bits are drawn again as well.
    expect(count(true, "less")).toBe(2 * layers);
    expect(count(true, "recomputed")).toBe(0);
    expect(programMemory(program(true)).temporary).toBeLessThan(0.6 * programMemory(program(false)).temporary);
  });

  it("is not undone by ONNX Runtime's own merging of equal expressions", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llm-recompute-"));
    try {
      const exps = async (recomputed: boolean, waitsByShape: boolean) => {
        const optimizedModelFilePath = join(folder, `${recomputed}-${waitsByShape}.onnx`);
        const program = step().program(weights(), matrix("x"), RandomKey.from(1), recomputed);
        const { bytes } = onnxModel(program, { waitsByShape });
        const session = await InferenceSession.create(bytes, {
          graphOptimizationLevel: "all",
          optimizedModelFilePath,
          logSeverityLevel: 4,
        });
        await session.release();
        const { graph } = fromBinary(ModelProtoSchema, await readFile(optimizedModelFilePath));
        return graph!.node.filter(({ opType }) => opType === "Exp").length;
      };
      for (const waitsByShape of [false, true]) {
        expect(await exps(false, waitsByShape)).toBe(layers);
        expect(await exps(true, waitsByShape)).toBe(2 * layers);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("gives gradients to what the region reads beside its arguments, computed values included, once", async () => {
    const loss = (w: Tensor, x: Tensor, recomputed: boolean) => {
      const doubled = w.mul(2);
      const region = (x: Tensor) => x.mul(doubled).mul(w).exp();
      const result = (recomputed ? recompute(region) : region)(x).sum();
      return gradients(result, [w, x, doubled]);
    };
    const run = compile(loss, { executor, check: true });
    const found = (recomputed: boolean) =>
      run(tensor([0.5, -1]), tensor([1, 2]), recomputed).then((all) => Promise.all(all.map(listed)));
    const kept = await found(false);
    for (const [i, values] of (await found(true)).entries()) {
      expect(values).toEqual(kept[i]!.map((value) => expect.closeTo(value, 4)));
    }
  });

  it("starts from one output of several of an op", async () => {
    const found = compile(
      (w: Tensor, recomputed: boolean) => {
        const region = (x: Tensor) => x.matmul(w).sin().add(x);
        const normalized = matrix("x", 16)
          .matmul(w)
          .layerNorm(constant([1, 2, 3, 4, 5, 6, 7, 8], "float32", [8]), w.mean(0));
        return gradients((recomputed ? recompute(region) : region)(normalized).square().sum(), [w])[0]!;
      },
      { executor, check: true },
    );
    const w = matrix("w");
    expect(await listed(await found(w, true))).toEqual(await listed(await found(w, false)));
  });

  it("takes and returns trees, integers among them, and functions without tensors", async () => {
    const region = recompute((input: { x: Tensor; ids: Tensor }, factor: number) => ({
      rows: input.x.mul(factor).gather(input.ids),
      ids: input.ids,
    }));
    const run = compile(
      (x: Tensor, ids: Tensor) => {
        const { rows, ids: same } = region({ x, ids }, 3);
        return [rows, same, gradients(rows.square().sum(), [x])[0]!];
      },
      { executor, check: true },
    );
    const results = await run(tensor([1, 2]), tensor(new Int32Array([1, 1])));
    expect(await Promise.all(results.map(listed))).toEqual([
      [6, 6],
      [1, 1],
      [0, 72],
    ]);
    expect(recompute((a: number) => a + 1)(2)).toBe(3);
  });

  it("works outside of compiled functions and leaves literals alone", async () => {
    const x = tensor([0.5, 1]);
    const y = recompute((x: Tensor) => x.mul(constant([2, 3], "float32", [2])).exp())(x);
    expect(await listed(gradients(y.sum(), [x])[0]!)).toEqual([
      expect.closeTo(2 * Math.E, 5),
      expect.closeTo(3 * Math.exp(3), 4),
    ]);
  });
});

describe("parametersFirst", () => {
  /** An output layer whose table the inputs of the stack come from too, as in a language model with tied embeddings. */
  const tied = (ordered: boolean) =>
    compile((table: Tensor, w: readonly Tensor[]) =>
      valueAndGrad(({ table, w }: { table: Tensor; w: readonly Tensor[] }) => {
        const head = (x: Tensor) => x.matmul(table, { transposeB: true });
        const x = stackLayers(table.slice(0, 0, 16), w);
        return (ordered ? parametersFirst(head) : head)(x).sin().square().mean();
      })({ table, w }),
    );
  const stackLayers = (x: Tensor, w: readonly Tensor[]) => w.reduce((x, weight) => x.matmul(weight).sin().add(x), x);

  it("gives the same gradients, those of the parameters before that of the argument", async () => {
    const table = tensor(hostRandomNormal(1, "table", 8 * 400), { shape: [400, 8] });
    const [plain, ordered] = [tied(false), tied(true)];
    const results = await Promise.all(
      [plain, ordered].map(async (step) => {
        const [loss, found] = await step(table, weights());
        return Promise.all([loss, found.table, ...found.w].map(listed));
      }),
    );
    for (const [i, values] of results[1]!.entries()) {
      for (const [k, value] of values.entries()) expect(value).toBeCloseTo(results[0]![i]![k]!, 6);
    }
    const waitedFor = (step: typeof plain) =>
      step
        .program(table, weights())
        .nodes.flatMap(({ op, inputs }) => (op.name === "after" ? inputs : []))
        .filter(({ node, shape }) => node.op.name === "matmul" && shape[0] === 400);
    expect(waitedFor(plain)).toEqual([]);
    expect(waitedFor(ordered).map(({ node }) => node.attributes.withoutCopies)).toEqual([true]);
  });
});
