// The TensorFlow.js executor: memory, errors, dtypes that TensorFlow.js lacks. Every op on it is in test/executors.test.ts.
import type * as Core from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { type DType, fromNumbers } from "../dtype.ts";
import { DisposedError, ExecutionError, ShapeError, UnsupportedOpError } from "../errors.ts";
import "../fluent.ts";
import { dropout } from "../functional/dropout.ts";
import { valueAndGrad } from "../grad.ts";
import type { Tensor } from "../graph.ts";
import { placeholder, tensor } from "../ops/create.ts";
import { cast, div } from "../ops/elementwise.ts";
import { gather, gatherElements, scatterAdd, updateSlice } from "../ops/gather.ts";
import { primitiveOps } from "../ops/index.ts";
import { apply, defineOp } from "../ops/op.ts";
import type { TensorFlow, TensorFlowTensor } from "../ops/tensorFlow.ts";
import { makeProgram } from "../program.ts";
import { hostRandomUniform, RandomKey, randomBits } from "../random.ts";
import { runProgram } from "../testing/checkOp.ts";
import { referenceExecutor } from "./reference.ts";
import { loadRuntime } from "./tfjs/runtime.ts";
import { tfjsExecutor } from "./tfjs.ts";

const runtime = "@tensorflow/tfjs-core";
const executor = tfjsExecutor({ runtime });
afterAll(() => executor.dispose());

const filled = (shape: readonly number[], seed: number) =>
  tensor(
    hostRandomUniform(
      seed,
      "filled",
      shape.reduce((a, b) => a * b, 1),
    ),
    { shape },
  );
const int32 = (values: number[] | number) => tensor(values, { dtype: "int32" });

/** A step of gradient descent with dropout, whose state it may take over. */
function trainingStep(on = executor) {
  return compile(
    (weights: { w: Tensor; v: Tensor }, x: Tensor, key: RandomKey) => {
      const [loss, slopes] = valueAndGrad((p: typeof weights) =>
        dropout(x.matmul(p.w).gelu(), 0.3, key).matmul(p.v).square().mean(),
      )(weights);
      return { loss, weights: { w: weights.w.sub(slopes.w.mul(0.1)), v: weights.v.sub(slopes.v.mul(0.1)) } };
    },
    { executor: on, donate: [0], check: true },
  );
}

describe("memory", () => {
  it("holds as many tensors after each training step as after the first, and none in the end", async () => {
    const tf = await loadRuntime(runtime);
    const before = tf.memory().numTensors;
    const step = trainingStep();
    const x = filled([8, 4], 1);
    let weights = { w: filled([4, 16], 2), v: filled([16, 4], 3) };
    const counts: number[] = [];
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const result = await step(weights, x, RandomKey.from(1, i));
      weights = result.weights;
      losses.push(await result.loss.item());
      result.loss.dispose();
      counts.push(tf.memory().numTensors);
    }
    expect(new Set(counts.slice(1))).toEqual(new Set([counts[0]]));
    expect(counts[0]).toBeGreaterThan(before);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    weights.w.dispose();
    weights.v.dispose();
    step.dispose();
    await new Promise(setImmediate);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("is given back where a run fails, and donated tensors live on", async () => {
    const tf = await loadRuntime(runtime);
    const step = compile((table: Tensor, ids: Tensor) => gather(table.mul(2).exp(), ids), { executor, donate: [0] });
    const table = await compile((x: Tensor) => x.add(1), { executor })(filled([4, 2], 1));
    await step(await compile((x: Tensor) => x.add(1), { executor })(filled([4, 2], 1)), int32([1]));
    const before = tf.memory().numTensors;
    await expect(step(table, int32([4]))).rejects.toThrow("gather: index 4 is outside 0 to 3");
    expect(tf.memory().numTensors).toBe(before);
    expect((await table.data()).length).toBe(8);
    expect(await (await step(table, int32([3]))).data()).toHaveLength(2);
    await expect(table.data()).rejects.toThrow(DisposedError);
  });

  it("keeps an input that is an output as well, and an output given twice", async () => {
    const swap = compile((a: Tensor, b: Tensor) => ({ first: b, second: a, third: [a.add(b), a.add(b)] }), {
      executor,
      donate: [0, 1],
    });
    const { first, second, third } = await swap(filled([300, 300], 1), tensor([2]));
    expect(await first.data()).toEqual(new Float32Array([2]));
    expect(await second.data()).toEqual(await filled([300, 300], 1).data());
    third[0]!.dispose();
    expect((await third[1]!.data()).length).toBe(90_000);
  });

  it("does not share elements with the caller's arrays", async () => {
    const given = new Float32Array([1, 2, 3]);
    const buffer = await executor.upload({ dtype: "float32", shape: [3], data: given });
    given[0] = 9;
    const read = await executor.read(buffer);
    expect(read.data).toEqual(new Float32Array([1, 2, 3]));
    read.data[1] = 9;
    expect((await executor.read(buffer)).data).toEqual(new Float32Array([1, 2, 3]));
    executor.release(buffer);
    await expect(executor.read(buffer)).rejects.toThrow(DisposedError);
  });

  it("is freed by dispose, after which calls fail", async () => {
    const tf = await loadRuntime(runtime);
    const before = tf.memory().numTensors;
    const own = tfjsExecutor({ runtime });
    const step = compile((x: Tensor) => x.add(1), { executor: own });
    const result = await step(filled([2], 1));
    expect(tf.memory().numTensors).toBeGreaterThan(before);
    await own.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await expect(step(filled([2], 1))).rejects.toThrow("tfjs: the executor was disposed");
    await expect(result.data()).rejects.toThrow(DisposedError);
    await own.dispose();
  });
});

describe("programs", () => {
  it("serve many sizes where dimensions are named", async () => {
    const step = compile((x: Tensor) => x.sum(1), { executor, dynamic: { "0": ["batch", "width"] } });
    for (const [batch, width] of [
      [2, 3],
      [1, 5],
      [4, 1],
    ] as const) {
      const ones = tensor(new Float32Array(batch * width).fill(1), { shape: [batch, width] });
      expect(await (await step(ones)).data()).toEqual(new Float32Array(batch).fill(width));
    }
    expect(step.signatures).toBe(1);
    const program = step.program(filled([2, 3], 1));
    const wrong = { dtype: "float32", shape: [6], data: new Float32Array(6) } as const;
    await expect(runProgram(program, [wrong], executor)).rejects.toThrow(ShapeError);
  });

  it("update state that stays with the executor", async () => {
    const write = compile((cache: Tensor, row: Tensor, at: Tensor) => updateSlice(cache, row, at, 0), {
      executor,
      donate: [0],
    });
    let cache = tensor(new Float32Array(300_000), { shape: [1000, 300] });
    for (const at of [0, 7, 999]) {
      cache = await write(cache, tensor(new Float32Array(300).fill(at + 1), { shape: [1, 300] }), int32(at));
    }
    const data = await cache.data();
    expect([data[0], data[300], data[2100], data[299_999]]).toEqual([1, 0, 8, 1000]);
  });

  it("draw the same random bits as every executor", async () => {
    const draw = (on: typeof executor) =>
      compile((key: RandomKey) => randomBits(key.derive("place"), [1000]), { executor: on })(RandomKey.from(7, 3));
    expect(await (await draw(executor)).data()).toEqual(await (await draw(referenceExecutor())).data());
  });
});

describe("dtypes that TensorFlow.js lacks", () => {
  const onBoth = async (dtype: DType, values: number[], fn: (x: Tensor) => Tensor) => {
    const x = placeholder("x", dtype, [values.length]);
    const program = makeProgram([x], [fn(x)]);
    const input = { dtype, shape: [values.length], data: fromNumbers(dtype, values) };
    const [actual] = await runProgram(program, [input], executor);
    const [expected] = await runProgram(program, [input], referenceExecutor());
    return { actual: actual!.data, expected: expected!.data };
  };

  it.each([
    ["int8", [127, -128, 100, -100, 3]],
    ["uint8", [255, 0, 200, 16, 3]],
    ["int32", [2 ** 31 - 1, -(2 ** 31), 2 ** 30, -123456789, 65537]],
    ["uint32", [2 ** 32 - 1, 0, 2 ** 31, 123456789, 65537]],
  ] as [DType, number[]][])("%s wraps", async (dtype, values) => {
    for (const fn of [
      (x: Tensor) => x.add(x),
      (x: Tensor) => x.mul(x),
      (x: Tensor) => x.sub(cast(tensorLike(x, 7), dtype)),
      (x: Tensor) => x.neg(),
      (x: Tensor) => x.sum(),
    ]) {
      const { actual, expected } = await onBoth(dtype, values, fn);
      expect(actual).toEqual(expected);
    }
  });

  it("int64 is exact up to 2^53", async () => {
    const { actual } = await onBoth("int64", [2 ** 52, -(2 ** 52)], (x) => x.add(x));
    expect(actual).toEqual(new BigInt64Array([2n ** 53n, -(2n ** 53n)]));
  });

  it.each(["float16", "bfloat16"] as const)("%s is rounded after each op", async (dtype) => {
    const values = [1, 1 / 3, 3.3, 65504, 1e-7, -2.5];
    const { actual, expected } = await onBoth(dtype, values, (x) => x.mul(x).add(x));
    expect(actual).toEqual(expected);
  });

  it.each(primitiveOps)("$name says how it runs", ({ tfjs }) => {
    expect(tfjs === "reference" || typeof tfjs === "function").toBe(true);
  });
});

/** A number as a tensor that no pass can fold away. */
function tensorLike(x: Tensor, value: number): Tensor {
  return cast(x, "float32").mul(0).add(value);
}

describe("errors", () => {
  const place = /\n {2}recorded at \S+tfjs\.test\.ts:\d+$/;
  const failing = (fn: (x: Tensor, ids: Tensor) => Tensor, ids: number[]) =>
    compile(fn, { executor })(filled([3, 2], 1), int32(ids));

  it.each([
    ["gather: index -1 is outside 0 to 2", (x: Tensor, ids: Tensor) => gather(x, ids), [-1]],
    ["scatterAdd: index 3 is outside 0 to 2", (x: Tensor, ids: Tensor) => scatterAdd(ids, x, 3), [0, 1, 3]],
    [
      "gatherElements: index 2 is outside 0 to 1",
      (x: Tensor, ids: Tensor) => gatherElements(x, ids.reshape([3, 1]), 1),
      [0, 1, 2],
    ],
    [
      "updateSlice: 3 rows at 1 do not fit into axis 0 of size 3",
      (x: Tensor, ids: Tensor) => updateSlice(x, x.mul(2), ids.reshape([]), 0),
      [1],
    ],
    ["div: integer division by zero", (_: Tensor, ids: Tensor) => div(ids, ids), [0]],
  ] as [string, (x: Tensor, ids: Tensor) => Tensor, number[]][])("%s", async (message, fn, ids) => {
    const run = failing(fn, ids);
    await expect(run).rejects.toThrow(ExecutionError);
    await expect(run).rejects.toThrow(message);
    await expect(run).rejects.toThrow(place);
  });

  it("names an op without a lowering when it compiles", async () => {
    // @ts-expect-error: a primitive must say how TensorFlow.js runs it.
    const foreign = defineOp({
      name: "foreign",
      infer: ([x]) => x!,
      vjp: "zero",
      reference: () => {},
      onnx: { opType: "Identity" },
    });
    const compiled = compile((x: Tensor) => apply(foreign, [x], {}), { executor })(filled([2], 1));
    await expect(compiled).rejects.toThrow(UnsupportedOpError);
    await expect(compiled).rejects.toThrow(/^tfjs: op "foreign" \(float32\[2\]\) has no lowering/);
  });
});

describe("the runtime", () => {
  it("has the types that lowerings are written against", async () => {
    const theirs = (await loadRuntime(runtime)) as unknown as typeof Core;
    // Does not type-check where the types differ.
    const api: TensorFlow<Core.Tensor> = theirs;
    const made: TensorFlowTensor = api.scalar(1);
    expect(made.dtype).toBe("float32");
    made.dispose();
  });

  const missing = (name: string) =>
    Object.assign(new Error(`Cannot find package '${name}' imported from x`), { code: "ERR_MODULE_NOT_FOUND" });
  const api = (name: string) => ({
    default: {
      name,
      ready: async () => {},
      env: () => ({ getBool: () => false, set: () => {} }),
      scalar: () => ({ dispose: () => {} }),
    },
  });
  const installed = (names: readonly string[]) => async (name: string) => {
    if (!names.includes(name)) throw missing(name);
    return api(name);
  };

  it.each([
    [["@tensorflow/tfjs", "@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu"], "@tensorflow/tfjs-node-gpu"],
    [["@tensorflow/tfjs", "@tensorflow/tfjs-node"], "@tensorflow/tfjs-node"],
    [["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs"], "@tensorflow/tfjs"],
    [["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"], "@tensorflow/tfjs-core"],
  ])("of %s is %s", async (names, expected) => {
    expect(await loadRuntime(undefined, installed(names))).toHaveProperty("name", expected);
  });

  it("is the one named", async () => {
    const names = ["@tensorflow/tfjs-node", "@tensorflow/tfjs"];
    expect(await loadRuntime("@tensorflow/tfjs", installed(names))).toHaveProperty("name", "@tensorflow/tfjs");
  });

  it("that is not installed is named with the command that installs it", async () => {
    const named = loadRuntime("@tensorflow/tfjs-node", installed(["@tensorflow/tfjs"]));
    await expect(named).rejects.toThrow(UnsupportedOpError);
    await expect(named).rejects.toThrow("npm install @tensorflow/tfjs-node");
    const core = loadRuntime("@tensorflow/tfjs-core", installed(["@tensorflow/tfjs-core"]));
    await expect(core).rejects.toThrow("npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu");
    await expect(loadRuntime(undefined, installed([]))).rejects.toThrow("TensorFlow.js is not installed");
    await expect(loadRuntime("tfjs" as never)).rejects.toThrow('no runtime is named "tfjs"');
  });

  it("that does not load says why, and no other takes its place", async () => {
    const broken = async (name: string) => {
      if (name !== "@tensorflow/tfjs-node") return installed(["@tensorflow/tfjs"])(name);
      throw missing("/somewhere/tfjs_binding.node");
    };
    const loading = loadRuntime(undefined, broken);
    await expect(loading).rejects.toThrow(ExecutionError);
    await expect(loading).rejects.toThrow(
      /@tensorflow\/tfjs-node is installed but does not load: .*tfjs_binding\.node/,
    );
  });

  it("is really absent here, so that a program on it fails", async () => {
    const step = compile((x: Tensor) => x.add(1), { executor: tfjsExecutor({ runtime: "@tensorflow/tfjs-node-gpu" }) });
    await expect(step(tensor([1]))).rejects.toThrow("npm install @tensorflow/tfjs-node-gpu");
  });
});
