import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { compile } from "./compile.ts";
import { FormatError, ShapeError, TensorError } from "./errors.ts";
import type { Executor } from "./executors/executor.ts";
import { onnxExecutor } from "./executors/onnx.ts";
import { referenceExecutor } from "./executors/reference.ts";
import "./fluent.ts";
import type { Tensor } from "./graph.ts";
import { constant, tensor } from "./ops/create.ts";
import { where } from "./ops/elementwise.ts";
import { apply, defineOp } from "./ops/op.ts";
import { printProgram } from "./print.ts";
import { RandomKey, randomUniform } from "./random.ts";
import { loadProgram, saveProgram } from "./savedProgram.ts";

const onnx = onnxExecutor({ thread: "main", threads: 1 });
const executors: Executor[] = [referenceExecutor(), onnx];
afterAll(() => onnx.dispose());

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "saved-program-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const listed = async (x: Tensor) => Array.from(await x.data(), Number);
const model = () => ({
  layer: {
    weight: tensor([
      [1, 2],
      [3, 4],
    ]),
    bias: tensor([10, 20]),
  },
  name: "linear",
});
type Model = ReturnType<typeof model>;

describe.each(executors)("on $name", (executor) => {
  it("runs again with its weights and sizes of its own", async () => {
    const folder = await temporaryFolder();
    const forward = compile(
      ({ layer }: Model, batch: { x: Tensor }, scale: number) => ({
        y: [batch.x.matmul(layer.weight).add(layer.bias).mul(scale)],
        label: "ok",
      }),
      { executor, constants: [0], dynamic: { "1.x": ["rows", 2] } },
    );
    const x = (...rows: number[][]) => ({ x: tensor(rows) });
    await saveProgram(folder, forward.record(model(), x([1, 1]), 2));
    const loaded = await loadProgram<[{ x: Tensor }, number], { y: Tensor[]; label: string }>(folder, { executor });
    expect(loaded.inputs).toEqual([{ path: "0.x", dtype: "float32", shape: ["rows", 2] }]);
    for (const batch of [x([1, 1]), x([1, 0], [0, 1], [2, 2])]) {
      const [expected, actual] = [await forward(model(), batch, 2), await loaded(batch, 2)];
      expect(actual.label).toBe("ok");
      expect(actual.y[0]!.shape).toEqual(expected.y[0]!.shape);
      expect(await listed(actual.y[0]!)).toEqual(await listed(expected.y[0]!));
    }
    loaded.dispose();
    expect(await listed((await loaded(x([0, 0]), 2)).y[0]!)).toEqual([20, 40]);
  });

  it("keeps state that is given up from call to call", async () => {
    const folder = await temporaryFolder();
    const step = compile((state: { w: Tensor }, by: Tensor) => ({ state: { w: state.w.add(by).mul(2) } }), {
      executor,
      donate: [0],
    });
    await saveProgram(folder, step.record({ w: tensor([1, 2]) }, tensor(1)));
    const loaded = await loadProgram<[{ w: Tensor }, Tensor], { state: { w: Tensor } }>(folder, { executor });
    const start = tensor([1, 2]);
    let { state } = await loaded({ w: start }, tensor(1));
    ({ state } = await loaded(state, tensor(1)));
    expect(await listed(state.w)).toEqual([10, 14]);
    await expect(start.data()).rejects.toThrow("was donated");
  });

  it("holds literals exactly, random numbers and captured tensors", async () => {
    const folder = await temporaryFolder();
    const captured = tensor([1, 2, 3]);
    const special = constant([Number.NEGATIVE_INFINITY, -0, 0.1], "float32", [3]);
    const fn = (x: Tensor, key: RandomKey) => [
      where(x.greater(0), special, captured),
      randomUniform(key.derive("noise"), [3]),
      captured,
      x.mul(constant([1e-45, 3, 4], "float32", [3])),
    ];
    const run = compile(fn, { executor });
    const args = [tensor([1, 1, -1]), RandomKey.from(3, 4)] as const;
    await saveProgram(folder, run.record(...args));
    const loaded = await loadProgram<[Tensor, RandomKey], Tensor[]>(folder, { executor });
    const expected = await run(...args);
    const actual = await loaded(...args);
    for (const [i, value] of actual.entries()) expect(await value.data()).toEqual(await expected[i]!.data());
    const [before, after] = [run.record(...args).program, loaded.program].map((program) => printProgram(program));
    const body = (text: string) =>
      text
        .split("\n")
        .slice(1)
        .map((line) => line.replace(/%\d+/g, "%"));
    expect(body(after!)).toEqual(body(before!));
  });
});

describe("what is refused", () => {
  const [executor] = executors as [Executor];

  async function saved(): Promise<string> {
    const folder = await temporaryFolder();
    const forward = compile((m: Model, x: Tensor, mode: string) => (mode === "double" ? x.mul(m.layer.bias) : x), {
      executor,
      constants: [0],
    });
    await saveProgram(folder, forward.record(model(), tensor([1, 2]), "double"));
    return folder;
  }

  it("other arguments", async () => {
    const loaded = await loadProgram<unknown[], Tensor>(await saved(), { executor });
    const x = tensor([1, 2]);
    await expect(loaded()).rejects.toThrow('loaded program: a tensor is missing at "0" (float32[2])');
    await expect(loaded(tensor([1, 2, 3]), "double")).rejects.toThrow(ShapeError);
    await expect(loaded(tensor([1, 2, 3]), "double")).rejects.toThrow('"0" must be float32[2], got float32[3]');
    await expect(loaded(x, "single")).rejects.toThrow(
      'loaded program: "1" is "single", but "double" was recorded and is part of the program',
    );
    await expect(loaded(x, "double", tensor([3]))).rejects.toThrow('takes no tensor at "2" (it takes 0)');
    expect(await listed(await loaded(x, "double"))).toEqual([10, 40]);
  });

  it("values that a file cannot hold", async () => {
    const folder = await temporaryFolder();
    const run = compile((x: Tensor, options: unknown) => ({ x, options }), { executor });
    const record = (options: unknown) => saveProgram(folder, run.record(tensor([1]), options));
    await expect(record(new Map())).rejects.toThrow(TensorError);
    await expect(record({ f: () => 1 })).rejects.toThrow(
      'saveProgram: the arguments at "1.f" has a function, which a file cannot hold',
    );
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    await expect(record(cycle)).rejects.toThrow('at "1.self" leads back to an object around it');
    await expect(saveProgram(folder, run.record(tensor([1]), 1), { constants: [5] })).rejects.toThrow(
      "constants: there is no argument 5 (the call has 2, from 0 on)",
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("files that are damaged, each with what is wrong", async () => {
    const folder = await saved();
    const path = join(folder, "program.json");
    const good = JSON.parse(await readFile(path, "utf8"));
    const openWith = async (changed: unknown) => {
      await writeFile(path, typeof changed === "string" ? changed : JSON.stringify(changed));
      return loadProgram(folder, { executor });
    };
    const [node] = good.nodes;
    const cases: [unknown, string][] = [
      ["{", "is not JSON"],
      [[], "is not a program that saveProgram wrote"],
      [{ ...good, version: 2 }, "has version 2, this library reads 1"],
      [{ ...good, weights: 9 }, '"weights", "donate" or "values" is missing or of another kind'],
      [{ ...good, nodes: {} }, '"inputs", "nodes" and "outputs" must be lists'],
      [{ ...good, nodes: [{ ...node, op: "nothing" }] }, "node 0 (nothing): there is no such op"],
      [{ ...good, nodes: [{ ...node, inputs: [0, 7] }] }, "node 0 (mul): 7 is no value before it (there are 2)"],
      [{ ...good, nodes: [{ ...node, inputs: [] }] }, "node 0 (mul): "],
      [{ ...good, nodes: [{ ...node, attributes: null }] }, '"attributes" must be an object'],
      [
        { ...good, inputs: [{ name: "x", dtype: "int3", shape: [] }, good.inputs[1]] },
        "input 0: expected a name, a dtype",
      ],
      [{ ...good, outputs: [99] }, "output 0: 99 is no value"],
      [{ ...good, result: { output: 4 } }, '"result" has {"output":4}'],
      [{ ...good, values: { 1: "other" } }, "belongs to another program than"],
    ];
    for (const [changed, message] of cases) {
      await expect(openWith(changed)).rejects.toThrow(FormatError);
      await expect(openWith(changed)).rejects.toThrow(message);
    }
    await expect(openWith(`${JSON.stringify(good)}\n`)).resolves.toBeDefined();
  });

  it("ops of one's own, unless they come along", async () => {
    const folder = await temporaryFolder();
    const twice = defineOp({
      name: "twice",
      infer: ([x]) => x!,
      vjp: "zero",
      reference: ([x], [y]) => y!.set(x!.map((value) => 2 * value)),
      onnx: (emit, [x]) => emit.node("Add", [x!, x!]),
      tfjs: "reference",
    });
    const run = compile((x: Tensor) => apply(twice, [x], {}), { executor });
    await saveProgram(folder, run.record(tensor([4])));
    await expect(loadProgram(folder)).rejects.toThrow("node 0 (twice): there is no such op (pass it in `ops`");
    const loaded = await loadProgram<[Tensor], Tensor>(folder, { executor, ops: [twice] });
    expect(await listed(await loaded(tensor([4])))).toEqual([8]);
  });
});
