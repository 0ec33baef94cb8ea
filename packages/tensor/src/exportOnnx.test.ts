// What is in the files, and that ONNX Runtime, opened on them by itself, computes what the function does. tools/fixtures/check_onnx.py
// does the same from Python with the models of tests/exportedModels.ts.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it, onTestFinished } from "vitest";
import { compile } from "./compile.ts";
import { UnsupportedOpError } from "./errors.ts";
import { ModelProtoSchema } from "./executors/onnx/onnx_pb.js";
import { referenceExecutor } from "./executors/reference.ts";
import { exportOnnx } from "./exportOnnx.ts";
import "./fluent.ts";
import { quantizedMatmul } from "./fused/quantizedMatmul.ts";
import type { Tensor } from "./graph.ts";
import { constant, placeholder, tensor } from "./ops/create.ts";
import { matmul } from "./ops/matmul.ts";
import { apply, defineOp } from "./ops/op.ts";
import { makeProgram } from "./program.ts";

const executor = referenceExecutor();

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "export-onnx-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function readModel(path: string) {
  return fromBinary(ModelProtoSchema, await readFile(path));
}

async function runFile(path: string, feeds: Record<string, OrtTensor>): Promise<Record<string, number[]>> {
  const session = await InferenceSession.create(path, { logSeverityLevel: 4 });
  const results = await session.run(feeds);
  const lists = Object.entries(results).map(
    ([name, { data }]) => [name, Array.from(data as Float32Array, Number)] as const,
  );
  await session.release();
  return Object.fromEntries(lists);
}

const floats = (values: number[], shape: number[]) => new OrtTensor("float32", Float32Array.from(values), shape);
const ramp = (count: number) => Float32Array.from({ length: count }, (_, i) => i / count - 0.5);

const model = () => ({
  wte: { weight: tensor(ramp(24), { shape: [3, 8] }) },
  bias: tensor([1, 2, 3]),
  unused: tensor([9]),
});
type Model = ReturnType<typeof model>;

const forward = compile(
  (m: Model, x: Tensor) => ({ logits: matmul(x, m.wte.weight, { transposeB: true }).add(m.bias) }),
  {
    executor,
    constants: [0],
    dynamic: { "1": ["batch", 8] },
  },
);
const x = tensor(ramp(16), { shape: [2, 8] });
const feed = floats([...ramp(16)], [2, 8]);
const expected = async () => Array.from(await (await forward(model(), x)).logits.data(), Number);

describe("the model", () => {
  it("has names from the trees, named dimensions, metadata, and the weights that are used", async () => {
    const path = join(await temporaryFolder(), "model.onnx");
    const file = await exportOnnx(forward.record(model(), x), path, {
      inputNames: { "1": "hidden" },
      metadata: { license: "Apache-2.0" },
      version: 7,
      description: "one layer",
    });
    expect(file).toEqual({
      inputs: [{ name: "hidden", dtype: "float32", shape: ["batch", 8] }],
      outputs: [{ name: "logits", dtype: "float32", shape: ["batch", 3] }],
      files: [path],
    });
    const { graph, ...about } = await readModel(path);
    expect(graph!.initializer.map(({ name, dims }) => [name, ...dims])).toEqual([
      ["wte.weight", 3n, 8n],
      ["bias", 3n],
    ]);
    expect(graph!.input.map(({ name }) => name)).toEqual(["hidden"]);
    expect(graph!.node.map(({ opType }) => opType)).toEqual(["FusedMatMul", "Add"]);
    expect(about.metadataProps.map(({ key, value }) => [key, value])).toEqual([["license", "Apache-2.0"]]);
    expect([about.producerName, about.modelVersion, about.docString]).toEqual(["@llm/tensor", 7n, "one layer"]);
    expect(about.producerVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect((await runFile(path, { hidden: feed })).logits).toEqual(await expected());
  });

  it("has ONNX's own ops only, where asked", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "model.onnx");
    await exportOnnx(forward.record(model(), x), path, { opset: "standard" });
    const { graph, opsetImport } = await readModel(path);
    expect(opsetImport.map(({ domain }) => domain)).toEqual([""]);
    expect(graph!.node.map(({ opType }) => opType)).toEqual(["Transpose", "MatMul", "Add"]);
    expect((await runFile(path, { input: feed })).logits).toEqual(await expected());
  });

  it("has integer products with either set of ops", async () => {
    const folder = await temporaryFolder();
    const layer = {
      weight: tensor(
        Int8Array.from({ length: 12 }, (_, i) => 9 * i - 50),
        { shape: [4, 3] },
      ),
      scale: tensor([0.1, 0.2, 0.3]),
    };
    const run = compile((l: typeof layer, v: Tensor) => quantizedMatmul(v, l.weight, l.scale), {
      executor,
      constants: [0],
    });
    const v = tensor([[0.5, -1, 2, 0.25]]);
    const wanted = await (await run(layer, v)).data();
    for (const opset of ["com.microsoft", "standard"] as const) {
      const path = join(folder, `${opset}.onnx`);
      await exportOnnx(run.record(layer, v), path, { opset });
      const { output } = await runFile(path, { input: floats([0.5, -1, 2, 0.25], [1, 4]) });
      for (const [i, value] of output!.entries()) expect(value).toBeCloseTo(Number(wanted[i]), 5);
    }
  });

  it("gives every input and output a name of its own", async () => {
    const path = join(await temporaryFolder(), "model.onnx");
    const step = compile(
      (state: { v0: Tensor }, c0: Tensor, other: { v0: Tensor }) => ({
        state: { v0: state.v0.add(c0).mul(2) },
        again: [other.v0, c0],
        v0: other.v0.neg(),
      }),
      { executor },
    );
    const file = await exportOnnx(step.record({ v0: tensor([1]) }, tensor([2]), { v0: tensor([3]) }), path, {
      inputNames: { "1": "c0" },
    });
    expect(file.inputs.map(({ name }) => name)).toEqual(["0.v0", "c0", "2.v0"]);
    expect(file.outputs.map(({ name }) => name)).toEqual(["state.v0", "again.0", "again.1", "v0"]);
    const results = await runFile(path, { "0.v0": floats([1], [1]), c0: floats([2], [1]), "2.v0": floats([3], [1]) });
    expect(results).toEqual({ "state.v0": [6], "again.0": [3], "again.1": [2], v0: [-3] });
  });

  it("tells state that comes out from state that goes in", async () => {
    const path = join(await temporaryFolder(), "model.onnx");
    const step = compile((m: { w: Tensor }, by: Tensor) => ({ w: m.w.sub(by) }), { executor });
    const { inputs, outputs } = await exportOnnx(step.record({ w: tensor([5]) }, tensor([2])), path);
    expect([...inputs, ...outputs].map(({ name }) => name)).toEqual(["w", "input.1", "output.w"]);
    const results = await runFile(path, { w: floats([5], [1]), "input.1": floats([2], [1]) });
    expect(results).toEqual({ "output.w": [3] });
  });

  it("is written from a program too, with what the function captured from a call only", async () => {
    const folder = await temporaryFolder();
    const captured = tensor([1, 2]);
    const add = compile((y: Tensor) => y.add(captured), { executor });
    await exportOnnx(add.record(tensor([1, 1])), join(folder, "call.onnx"));
    expect(await runFile(join(folder, "call.onnx"), { input: floats([10, 10], [2]) })).toEqual({ output: [11, 12] });
    const y = placeholder("y", "float32", [2]);
    await exportOnnx(makeProgram([y], [y.neg(), y.abs()]), join(folder, "program.onnx"));
    expect(await runFile(join(folder, "program.onnx"), { y: floats([1, -2], [2]) })).toEqual({
      "output.0": [-1, 2],
      "output.1": [1, 2],
    });
  });

  it("keeps bfloat16", async () => {
    const path = join(await temporaryFolder(), "model.onnx");
    const weight = tensor([1, 2], { dtype: "bfloat16" });
    const run = compile((w: Tensor, y: Tensor) => w.mul(y), { executor, constants: [0] });
    const { inputs, outputs } = await exportOnnx(run.record(weight, tensor([1, 1], { dtype: "bfloat16" })), path);
    expect([...inputs, ...outputs].map(({ dtype }) => dtype)).toEqual(["bfloat16", "bfloat16"]);
    const { graph } = await readModel(path);
    expect(graph!.initializer.find(({ name }) => name === "w" || name === "0")!.dataType).toBe(16);
  });
});

describe("external data", () => {
  it("lies in one file at multiples of 4096, small tensors inside", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "model.onnx");
    const big = () => ({ a: tensor(ramp(300)), b: tensor(ramp(600), { shape: [2, 300] }), small: tensor([3]) });
    const run = compile(
      (m: ReturnType<typeof big>, y: Tensor) =>
        m.a
          .add(m.b)
          .mul(m.small)
          .add(y)
          .add(constant(ramp(300), "float32", [300])),
      {
        executor,
        constants: [0],
      },
    );
    const y = tensor([1]);
    const { files } = await exportOnnx(run.record(big(), y), path, { externalData: true });
    expect(files).toEqual([path, `${path}.data`]);
    const { graph } = await readModel(path);
    const places = graph!.initializer.map(({ name, externalData }) => [
      name,
      ...externalData.map(({ value }) => value),
    ]);
    expect(places).toEqual([
      ["a", "model.onnx.data", "0", "1200"],
      ["b", "model.onnx.data", "4096", "2400"],
      ["small"],
      ["c0", "model.onnx.data", "8192", "1200"],
    ]);
    const wanted = Array.from(await (await run(big(), y)).data(), Number);
    expect((await runFile(path, { input: floats([1], [1]) })).output).toEqual(wanted);
    expect(await readdir(folder)).toEqual(["model.onnx", "model.onnx.data"]);
  });

  it("makes the folder that it is written to", async () => {
    const path = join(await temporaryFolder(), "exports", "today", "model.onnx");
    const written = await exportOnnx(forward.record(model(), x), path, { constants: [0] });
    expect(written.files).toEqual([path]);
    expect((await stat(path)).size).toBeGreaterThan(0);
  });

  it("leaves nothing behind, and what was there, when a tensor cannot be read", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "model.onnx");
    await writeFile(path, "before");
    const weights = [tensor(ramp(300)), tensor(ramp(300))];
    const recorded = forwardOf(weights).record(weights, tensor([1]));
    weights[1]!.dispose();
    for (const externalData of [true, false]) {
      await expect(exportOnnx(recorded, path, { externalData })).rejects.toThrow("tensor float32[300] was disposed");
    }
    expect(await readFile(path, "utf8")).toBe("before");
    expect(await readdir(folder)).toEqual(["model.onnx"]);
  });
});

function forwardOf(_: readonly Tensor[]) {
  return compile((w: readonly Tensor[], y: Tensor) => w.reduce((a, b) => a.add(b)).add(y), {
    executor,
    constants: [0],
  });
}

describe("what is refused", () => {
  it("names for tensors that are not there, or given twice", async () => {
    const path = join(await temporaryFolder(), "model.onnx");
    const recorded = forward.record(model(), x);
    await expect(exportOnnx(recorded, path, { inputNames: { "2": "y" } })).rejects.toThrow(
      'exportOnnx: a name for "2", but the tensors are at "1"',
    );
    await expect(
      exportOnnx(recorded, path, { inputNames: { "1": "y" }, outputNames: { logits: "y" } }),
    ).rejects.toThrow('exportOnnx: two tensors named "y"');
    await expect(exportOnnx(recorded.program, path, { constants: [0] })).rejects.toThrow(
      "constants are those of a call",
    );
    await expect(exportOnnx(recorded, path, { constants: [4] })).rejects.toThrow("there is no argument 4");
  });

  it("an op that only ONNX Runtime has, where ONNX's own are asked for", async () => {
    const path = join(await temporaryFolder(), "model.onnx");
    const op = defineOp({
      name: "quick",
      infer: ([y]) => y!,
      vjp: "zero",
      reference: () => {},
      onnx: { opType: "QuickGelu", domain: "com.microsoft" },
      tfjs: "reference",
    });
    const run = compile((y: Tensor) => apply(op, [y], {}), { executor });
    const exported = exportOnnx(run.record(x), path, { opset: "standard" });
    await expect(exported).rejects.toThrow(UnsupportedOpError);
    await expect(exported).rejects.toThrow("0_quick: QuickGelu of com.microsoft is not one of ONNX's own ops");
  });
});
