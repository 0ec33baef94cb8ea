// A run that was interrupted ends with the same bytes as one that was not, whatever the optimiser, and with all that can be beside it.
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt, type PretrainedModel } from "@llm/model";
import { onnxExecutor, setDefaultExecutor } from "@llm/tensor";
import { afterAll, beforeAll, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import { layerWiseLearningRates } from "../layerWiseLearningRates.ts";
import { learningRatesByName } from "../learningRatesByName.ts";
import { parameterGroups } from "../parameterGroups.ts";
import { cosineSchedule, warmupStableDecaySchedule } from "../schedules.ts";
import { Trainer, type TrainerOptions } from "../trainer.ts";
import { adafactor } from "./adafactor.ts";
import { adamW } from "./adamw.ts";
import { eightBitState } from "./eightBitState.ts";
import { lion } from "./lion.ts";
import { muon } from "./muon.ts";
import type { Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
let root: string;
beforeAll(async () => {
  setDefaultExecutor(executor);
  root = await mkdtemp(join(tmpdir(), "llm-optimizers-"));
});
afterAll(async () => {
  await executor.dispose();
  await rm(root, { recursive: true, force: true });
});

const newModel = () =>
  new Gpt({ vocabularySize: 11, contextLength: 6, layers: 2, heads: 2, width: 8, residualDropout: 0.2 });

interface Case {
  optimizer: (model: PretrainedModel) => Optimizer;
  options?: Partial<TrainerOptions>;
}

const cases: Record<string, Case> = {
  adamw: { optimizer: () => adamW() },
  adafactor: { optimizer: () => adafactor() },
  lion: { optimizer: () => lion() },
  muon: { optimizer: () => muon() },
  "adamw in 8 bits": { optimizer: () => eightBitState(adamW(), { minimumSize: 0 }) },
  "lion in 8 bits, in float16": {
    optimizer: () => eightBitState(lion(), { minimumSize: 0 }),
    options: { precision: "float16", lossScaling: { initialScale: 2 ** 24 } },
  },
  "sgd with dampening": { optimizer: () => sgd({ momentum: 0.9, dampening: 0.5 }) },
  "sgd without momentum": { optimizer: () => sgd() },
  "layer-wise rates, ema and early stopping": {
    optimizer: (model) =>
      learningRatesByName(model, { optimizer: adamW(), rate: layerWiseLearningRates(model, { decay: 0.7 }) }),
    options: {
      ema: { decay: 0.9 },
      earlyStopping: { patience: 5, minDelta: 0.5 },
      learningRate: warmupStableDecaySchedule({ peak: 0.02, warmupSteps: 2, totalSteps: 9, decaySteps: 3 }),
    },
  },
  "groups, frozen parameters, ema and accumulation in float16": {
    optimizer: () =>
      parameterGroups([{ parameters: /attn/, optimizer: lion(), learningRateScale: 0.1 }, { optimizer: adafactor() }]),
    options: {
      trains: (name) => !/wte|wpe/.test(name),
      ema: {},
      accumulation: 2,
      precision: "float16",
      lossScaling: { initialScale: 2 ** 24 },
    },
  },
};

async function filesIn(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) files.set(name, await readFile(path));
  }
  return files;
}

it.each(Object.keys(cases))("%s", async (name) => {
  const { optimizer, options } = cases[name]!;
  const trainer = (folder: string) => {
    const model = newModel();
    return new Trainer({
      model,
      optimizer: optimizer(model),
      data: memoryBatches(countingBatches(5)),
      steps: 9,
      learningRate: cosineSchedule({ peak: 0.02, totalSteps: 9 }),
      evaluation: { data: memoryBatches(countingBatches(2)), every: 2 },
      checkpoints: { folder },
      progress: false,
      ...options,
    });
  };
  const [whole, broken] = [join(root, `${name} whole`), join(root, `${name} broken`)];
  const expected = await trainer(whole).run();
  for (const stopAt of [1, 5]) {
    const controller = new AbortController();
    await trainer(broken).run({
      signal: controller.signal,
      onEvent: ({ step }) => step === stopAt && controller.abort(),
    });
  }
  expect(await trainer(broken).run()).toEqual(expected);
  const [ours, theirs] = await Promise.all([broken, whole].map((folder) => filesIn(join(folder, "step-00000009"))));
  expect([...ours!.keys()]).toEqual([...theirs!.keys()]);
  for (const [file, bytes] of theirs!) expect(ours!.get(file)!.equals(bytes), file).toBe(true);
});
