import type { Batch, BatchStream } from "@llm/data";
import { Gpt } from "@llm/model";
import { expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import { UpdateQueue } from "./updateQueue.ts";

const model = new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 });
const batches = countingBatches(10);

/** A stream that needs a while for each batch, and only then moves on. */
function slowStream(): BatchStream & { reads: number } {
  const stream = memoryBatches(batches);
  const slow = {
    ...stream,
    reads: 0,
    async next(): Promise<Batch | undefined> {
      slow.reads++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return stream.next();
    },
  };
  return slow;
}

function newQueue(data: BatchStream, { depth = 1, accumulation = 1, steps = 8 } = {}) {
  /** Which batch was prepared for which place. */
  const prepared: string[] = [];
  const objective: typeof causalLanguageModel = {
    ...causalLanguageModel,
    prepare: (batch, model, draw) => {
      prepared.push(`${batches.indexOf(batch)} for ${draw.place}`);
      return causalLanguageModel.prepare(batch, model, draw);
    },
  };
  return { queue: new UpdateQueue({ model, data, objective, steps, accumulation, seed: 0, depth }), prepared };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 30));

it.each([0, 1, 3])(
  "hands out the same updates in order and knows where the next one begins, %i ahead",
  async (depth) => {
    const data = slowStream();
    const { queue, prepared } = newQueue(data, { depth, accumulation: 2, steps: 5 });
    for (let step = 0; step < 5; step++) {
      expect(queue.position()).toEqual({ seed: 0, epoch: 0, step: 2 * step });
      const { microBatches, tokens } = await queue.take(step);
      expect([microBatches.length, tokens]).toEqual([2, 24]);
      queue.prepareAfter(step);
      if (step === 0) {
        await settled();
        expect(data.reads).toBe(2 + 2 * depth);
      }
    }
    await settled();
    // Nothing beyond the last step is read.
    expect(data.reads).toBe(10);
    expect(prepared).toEqual(Array.from({ length: 10 }, (_, i) => `${i} for batch ${i}`));
  },
);

it("prepares waiting batches again for another step, and goes back to the first that was not used", async () => {
  const data = slowStream();
  const { queue, prepared } = newQueue(data, { depth: 2 });
  for (const step of [0, 1, 2]) {
    await queue.take(step);
    queue.prepareAfter(step);
  }
  await queue.take(1);
  expect(prepared.at(-1)).toBe("3 for batch 1");
  queue.prepareAfter(1);
  await queue.dispose();
  expect(data.position()).toEqual({ seed: 0, epoch: 0, step: 4 });
});

it("tells a failure to the step it belongs to", async () => {
  const data = memoryBatches(batches.slice(0, 2), { epochs: 1 });
  const { queue } = newQueue(data, { depth: 3 });
  await queue.take(0);
  queue.prepareAfter(0);
  await settled();
  await queue.take(1);
  await expect(queue.take(2)).rejects.toThrow("Trainer: the data ended at step 3 of 8");
  await queue.dispose();
});
