// The same training on TensorFlow.js and on ONNX Runtime: forward, backward, dropout, clipping and AdamW are one program on both.
import { Gpt } from "@llm/model";
import { type Executor, onnxExecutor } from "@llm/tensor";
import { tfjsExecutor } from "@llm/tensor/tfjs";
import { expect, it } from "vitest";
import { Trainer } from "../src/trainer.ts";
import { countingBatches, memoryBatches } from "./memoryBatches.ts";

async function lossesOn(executor: Executor): Promise<number[]> {
  const losses: number[] = [];
  const trainer = new Trainer({
    model: new Gpt({
      vocabularySize: 32,
      contextLength: 16,
      layers: 2,
      heads: 4,
      width: 32,
      embeddingDropout: 0.1,
      attentionDropout: 0.1,
      residualDropout: 0.1,
    }),
    data: memoryBatches(countingBatches(10, { rows: 4, length: 16, vocabulary: 32 })),
    steps: 10,
    learningRate: 0.01,
    executor,
    progress: false,
  });
  await trainer.run({ onEvent: (event) => event.type === "step" && losses.push(event.loss) });
  await executor.dispose();
  return losses;
}

it("gives the losses of the onnx executor in ten steps of a small GPT", async () => {
  const [actual, expected] = [
    await lossesOn(tfjsExecutor({ runtime: "@tensorflow/tfjs-core" })),
    await lossesOn(onnxExecutor({ thread: "main", threads: 1 })),
  ];
  expect(expected).toHaveLength(10);
  expect(expected.at(-1)).toBeLessThan(0.8 * expected[0]!);
  for (const [step, loss] of expected.entries()) {
    expect(Math.abs(actual[step]! - loss), `loss of step ${step}`).toBeLessThan(1e-4);
  }
});
