// The training that main.ts kills: `node … training.ts FOLDER STEPS`. Started again it goes on from its newest checkpoint.
import { join } from "node:path";
import { openTokenShards } from "@llm/data";
import { Gpt } from "@llm/model";
import { cosineSchedule, Trainer } from "@llm/train";

const [folder, steps] = process.argv.slice(2);
await using train = await openTokenShards(join(folder!, "..", "shards"));
await using heldOut = await openTokenShards(join(folder!, "..", "shards"), { split: "validation" });
const windows = { batchSize: 4, sequenceLength: 64 };
const trainer = new Trainer({
  model: new Gpt(
    { vocabularySize: train.vocabularySize, contextLength: 64, layers: 2, heads: 2, width: 64 },
    { seed: 1 },
  ),
  data: train.batches({ ...windows, seed: 1 }),
  steps: Number(steps),
  learningRate: cosineSchedule({ peak: 3e-3, warmupSteps: 5, totalSteps: Number(steps) }),
  evaluation: { data: heldOut.batches({ ...windows, shuffle: false }), every: 20 },
  checkpoints: { folder: folder!, every: 10 },
});
for await (const event of trainer) {
  if (event.type === "step" || event.type === "resume") console.log(`${event.type} ${event.step}`);
}
