// A training run in a process of its own, for tests that kill it. Settings come as JSON in the first argument, every event goes to
// standard output as a line of JSON.
import { join } from "node:path";
import { openTokenShards } from "@llm/data";
import { Gpt } from "@llm/model";
import { cosineSchedule } from "../src/schedules.ts";
import { csvTracker } from "../src/trackers/csv.ts";
import { Trainer } from "../src/trainer.ts";

export interface ProcessSettings {
  folder: string;
  shards: string;
  steps: number;
  /** Save after so many steps. Default 20. */
  every?: number;
  accumulation?: number;
  /** Updates whose batches are made ready ahead. Default 1. */
  prefetch?: number;
  /** Stand still after this step, until killed. */
  pauseAfter?: number;
  /** Stand still in the first evaluation, after this step. */
  pauseInEvaluationAfter?: number;
}

const settings = JSON.parse(process.argv[2]!) as ProcessSettings;
const { folder, steps, accumulation = 1, prefetch = 1, every = 20, pauseAfter, pauseInEvaluationAfter } = settings;

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function standStill(): Promise<never> {
  setInterval(() => {}, 1000);
  return new Promise(() => {});
}

await using train = await openTokenShards(settings.shards);
await using validation = await openTokenShards(settings.shards, { split: "validation" });
const heldOut = validation.batches({ batchSize: 2, sequenceLength: 16, shuffle: false });
if (pauseInEvaluationAfter !== undefined) {
  heldOut.next = () => {
    tell({ type: "pause" });
    return standStill();
  };
}

const trainer = new Trainer({
  model: new Gpt({
    vocabularySize: 257,
    contextLength: 16,
    layers: 2,
    heads: 2,
    width: 16,
    embeddingDropout: 0.1,
    attentionDropout: 0.1,
    residualDropout: 0.1,
  }),
  data: train.batches({ batchSize: 4, sequenceLength: 16, seed: 5 }),
  steps,
  learningRate: cosineSchedule({ peak: 0.01, warmupSteps: 5, totalSteps: 40, floor: 0.001 }),
  accumulation,
  prefetch,
  seed: 3,
  evaluation: { data: heldOut, every: pauseInEvaluationAfter ?? 10, batches: 2 },
  checkpoints: { folder, every },
  trackers: [csvTracker(join(folder, "metrics.csv"))],
  progress: false,
});

try {
  if (pauseAfter === undefined) {
    tell({ type: "result", ...(await trainer.run({ onEvent: tell })) });
  } else {
    for await (const event of trainer) {
      tell(event);
      if (event.type === "step" && event.step === pauseAfter) await standStill();
    }
  }
} catch (error) {
  tell({ type: "error", name: (error as Error).name, message: (error as Error).message });
  process.exitCode = 1;
}
