import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  applyLora,
  Gpt,
  isAdapterParameter,
  namedParameters,
  type PretrainedModel,
  QuantizedLinear,
  replaceLinears,
} from "@llm/model";
import { RandomKey, referenceExecutor, setDefaultExecutor, tensor } from "@llm/tensor";
import { openSafetensors } from "@llm/tensor/safetensors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import { windowTensors } from "./objectives/windowTensors.ts";
import { adamW } from "./optimizers/adamw.ts";
import { sgd } from "./optimizers/sgd.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";
import { TrainStep } from "./trainStep.ts";

setDefaultExecutor(referenceExecutor());
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-frozen-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const newModel = () =>
  new Gpt({ vocabularySize: 11, contextLength: 6, layers: 2, heads: 2, width: 8, initializerRange: 0.2 });
const isLastBlock = (name: string) => name.startsWith("transformer.h.1.");

const newTrainer = (options: Partial<TrainerOptions> = {}) =>
  new Trainer({
    model: newModel(),
    data: memoryBatches(countingBatches(6)),
    steps: 3,
    learningRate: 0.05,
    trains: isLastBlock,
    progress: false,
    ...options,
  });

async function valuesOf(model: PretrainedModel): Promise<Map<string, Float32Array>> {
  const entries = [...namedParameters(model)].map(
    async ([name, value]) => [name, ((await value.data()) as Float32Array).slice()] as const,
  );
  return new Map(await Promise.all(entries));
}

describe.each([1, 2])("with accumulation %i", (accumulation) => {
  it("only the chosen parameters change, and they as if all were trained", async () => {
    const options = { steps: 1, accumulation, optimizer: sgd(), gradientClipping: false } as const;
    const [some, all] = [newTrainer(options), newTrainer({ ...options, trains: () => true })];
    await Promise.all([some.run(), all.run()]);
    const [before, after, reference] = [
      await valuesOf(newModel()),
      await valuesOf(some.model),
      await valuesOf(all.model),
    ];
    for (const [name, values] of after) {
      expect(values, name).toEqual((isLastBlock(name) ? reference : before).get(name));
      if (name.endsWith("weight")) expect(reference.get(name), name).not.toEqual(before.get(name));
    }
  });
});

it("have no state, and none in checkpoints", async () => {
  await newTrainer({ checkpoints: { folder } }).run();
  await using file = await openSafetensors(join(folder, "step-00000003", "optimizer.safetensors"));
  expect(file.names).toHaveLength(2 * 12);
  expect(file.names.every((name) => isLastBlock(name.replace(/^\w+Moment\./, "")))).toBe(true);
});

it("leave out of the program the backward of what lies before the trained ones", () => {
  const programOf = (trains: TrainerOptions["trains"]) => {
    const options = { objective: causalLanguageModel, optimizer: adamW(), gradientClipping: 1, executor: undefined };
    const step = new TrainStep({ ...options, trains });
    const batch = windowTensors(countingBatches(1)[0]!);
    return step.program(step.initialState(newModel()), { batch, key: RandomKey.from(0, 0) });
  };
  const matmuls = (trains: TrainerOptions["trains"]) =>
    programOf(trains).nodes.filter(({ op }) => op.name === "matmul").length;
  // Forward: four weights in each block, and the logits. Backward: twice that, four in the attention of each block, one in each norm.
  const forward = 2 * 4 + 1;
  expect(matmuls(() => true)).toBe(3 * forward + 2 * 4 + 5);
  // Of the logits only the input, of the last block all (of its first norm only the parameters), of the other block nothing.
  expect(matmuls(isLastBlock)).toBe(forward + 1 + 2 * 4 + 4 + 2);
  expect(programOf(isLastBlock).outputs).toHaveLength(3 * 12 + 2);
});

/** A model whose linear layers are int8, as a base for adapters. */
async function quantizedModel(): Promise<Gpt> {
  const model = newModel();
  const values = await valuesOf(model);
  return replaceLinears(model, ({ weight, bias }, path) => {
    const [inputs, outputs] = weight.shape as [number, number];
    const scale = tensor(new Float32Array(outputs).fill(0.01));
    const rounded = Int8Array.from(values.get(`${path}.weight`)!, (value) => Math.round(value / 0.01));
    return new QuantizedLinear(tensor(rounded, { shape: [inputs, outputs] }), scale, bias);
  });
}

it("may be of any dtype: a LoRA adapter is trained alone on an int8 model", async () => {
  const model = await applyLora(await quantizedModel(), { rank: 2 });
  const trainer = newTrainer({ model, trains: isAdapterParameter, steps: 12 });
  const losses: number[] = [];
  await trainer.run({ onEvent: (event) => event.type === "step" && losses.push(event.loss) });
  expect(losses.at(-1)).toBeLessThan(0.9 * losses[5]!);
  const [before, after] = [await valuesOf(model), await valuesOf(trainer.model)];
  for (const [name, values] of after) {
    if (isAdapterParameter(name)) expect(values, name).not.toEqual(before.get(name));
    else expect(values, name).toEqual(before.get(name));
  }
});

it("are in the checkpoint of an adapter's training, which goes on exactly", async () => {
  const train = async (path: string, signal?: AbortSignal) => {
    const model = await applyLora(await quantizedModel(), { rank: 2 });
    const trainer = newTrainer({
      model,
      trains: isAdapterParameter,
      steps: 6,
      checkpoints: { folder: join(folder, path) },
    });
    await trainer.run(signal ? { signal, onEvent: ({ step }) => step === 3 && stop.abort() } : {});
    return valuesOf(trainer.model);
  };
  const stop = new AbortController();
  const whole = await train("whole");
  await train("broken", stop.signal);
  expect(await train("broken")).toEqual(whole);
});

it("are others in a run that cannot go on", async () => {
  await newTrainer({ checkpoints: { folder } }).run();
  const path = join(folder, "step-00000003");
  for (const trains of [(name: string) => name.startsWith("transformer.h.0."), () => true]) {
    const resumed = newTrainer({ trains, checkpoints: { folder }, steps: 4 });
    await expect(resumed.run()).rejects.toThrow(`Trainer: ${path} was written with trains "12 parameters (sha256 `);
  }
});

it("must not be all", () => {
  expect(() => newTrainer({ trains: () => false })).toThrow(
    "Trainer: trains chooses none of the parameters (transformer.wte.weight, …)",
  );
});
