// A small GPT in files: saved calls compute what the functions do. tools/fixtures/check_onnx.py holds the exported ones against Python.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quantizeInt8 } from "@llm/compress";
import type { Gpt } from "@llm/model";
import {
  defaultExecutor,
  type Executor,
  exportOnnx,
  flattenTensors,
  loadProgram,
  onnxExecutor,
  type RandomKey,
  saveProgram,
  setDefaultExecutor,
  type Tensor,
} from "@llm/tensor";
import type { NamedTensors, TrainState } from "@llm/train";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { exportedFamilies } from "./exportedFamilies.ts";
import {
  compiledForward,
  compiledTrainingStep,
  exportedModels,
  randomIds,
  smallGpt,
  trainingArguments,
} from "./exportedModels.ts";

const before: Executor = defaultExecutor();
const executor = onnxExecutor({ thread: "main", threads: 1 });
beforeAll(() => setDefaultExecutor(executor));
afterAll(async () => {
  setDefaultExecutor(before);
  await executor.dispose();
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "exported-models-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

it.each(["float", "int8"])("a saved forward (%s) serves other sizes without the model's code", async (kind) => {
  const folder = await temporaryFolder();
  const model = kind === "int8" ? await quantizeInt8(smallGpt()) : smallGpt();
  const forward = compiledForward();
  await saveProgram(folder, forward.record(model, randomIds(1, [2, 7])));
  const loaded = await loadProgram<[Tensor], { logits: Tensor }>(folder);
  expect(loaded.inputs).toEqual([{ path: "0", dtype: "int32", shape: ["batch", "sequence"] }]);
  for (const shape of [
    [1, 1],
    [3, 16],
  ] as const) {
    const ids = randomIds(9, shape);
    expect(await (await loaded(ids)).logits.data()).toEqual(await (await forward(model, ids)).logits.data());
  }
});

it("a saved training step trains", async () => {
  const folder = await temporaryFolder();
  const step = compiledTrainingStep();
  await saveProgram(folder, step.record(...trainingArguments()));
  type Step = { loss: Tensor; state: TrainState };
  const loaded = await loadProgram<[unknown, unknown, RandomKey, NamedTensors], Step>(folder);
  const losses = async (run: (...args: ReturnType<typeof trainingArguments>) => Promise<Step>) => {
    let [state, ...rest] = trainingArguments();
    const found: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { loss, state: next } = await run(state, ...rest);
      found.push(await loss.item());
      // A loaded program returns the fields of a model, not the model.
      const { transformer } = next.model as Gpt;
      state = { optimizer: next.optimizer, model: Object.assign(smallGpt(), { transformer }) };
    }
    return found;
  };
  const wanted = await losses(step);
  expect(await losses(loaded)).toEqual(wanted);
  expect(wanted[4]).toBeLessThan(wanted[0]!);
});

it("exports have the names of the checkpoint", async () => {
  const folder = await temporaryFolder();
  const [gpt, , training] = await exportedModels();
  const exported = await exportOnnx(gpt!.recorded, join(folder, "gpt.onnx"), { inputNames: gpt!.inputNames });
  expect(exported.inputs).toEqual([{ name: "input_ids", dtype: "int32", shape: ["batch", "sequence"] }]);
  expect(exported.outputs).toEqual([{ name: "logits", dtype: "float32", shape: ["batch", "sequence", 61] }]);
  const step = await exportOnnx(training!.recorded, join(folder, "step.onnx"));
  const names = [...step.inputs, ...step.outputs].map(({ name }) => name);
  expect(names).toContain("model.transformer.h.0.attn.c_attn.weight");
  expect(names).toContain("state.model.transformer.h.0.attn.c_attn.weight");
  expect(step.inputs).toHaveLength(flattenTensors(trainingArguments()).length);
});

it("exports of every family have the names that other tools know, and sizes that vary", async () => {
  const folder = await temporaryFolder();
  const described = new Map<string, string[]>();
  for (const { name, recorded, inputNames, outputNames = {} } of await exportedFamilies()) {
    const file = await exportOnnx(recorded, join(folder, `${name}.onnx`), { inputNames, outputNames });
    described.set(
      name,
      [...file.inputs, ...file.outputs].map(({ name, shape }) => `${name} [${shape.join(", ")}]`),
    );
  }
  const ids = "input_ids [batch, sequence]";
  const mask = "attention_mask [batch, sequence]";
  expect(described.get("llama")).toEqual([ids, "logits [batch, sequence, 61]"]);
  expect(described.get("bert")).toEqual([ids, mask, "logits [batch, 2]"]);
  expect(described.get("t5")).toEqual([
    ids,
    mask,
    "decoder_input_ids [batch, decoder_sequence]",
    "logits [batch, decoder_sequence, 61]",
  ]);
  const cache = (prefix: string, heads: number) =>
    ["0.key", "1.key", "0.value", "1.value"].map((name) => `${prefix}.${name} [batch, ${heads}, capacity, 8]`);
  for (const [name, heads] of [
    ["gptStep", 2],
    ["llamaStep", 1],
  ] as const) {
    expect(described.get(name)).toEqual([
      ids,
      ...cache("past_key_values", heads),
      "past_length []",
      "logits [batch, 61]",
      ...cache("present", heads),
      "present_length []",
    ]);
  }
  expect(described.get("t5Step")).toContain("attentionMask [batch, source]");
});

it("saved calls of every family give the same numbers", async () => {
  for (const { recorded, runs } of await exportedFamilies()) {
    const folder = await temporaryFolder();
    await saveProgram(folder, recorded);
    const loaded = await loadProgram<unknown[], unknown>(folder);
    for (const { args, expected } of runs) {
      const [actual, wanted] = [flattenTensors(await loaded(...args.slice(1))), flattenTensors(expected)];
      expect(actual.map(({ path }) => path)).toEqual(wanted.map(({ path }) => path));
      for (const [i, { tensor }] of actual.entries())
        expect(await tensor.data()).toEqual(await wanted[i]!.tensor.data());
    }
  }
});
