// The losses of a small GPT on noisy text, for comparing precisions and executors.
import { Gpt } from "@llm/model";
import { RandomKey } from "@llm/tensor";
import { adamW, causalLanguageModel, type StepOptions, TrainStep } from "../src/index.ts";
import { windowTensors } from "../src/objectives/windowTensors.ts";
import { batchOf } from "./memoryBatches.ts";

const vocabularySize = 16;

/** Text with a law to learn and noise that cannot be: after an id comes its successor, or one of two others. */
function noisyRows(step: number, rows: number, length: number): number[][] {
  return Array.from({ length: rows }, (_, row) => {
    let state = (step * 7919 + row * 104729) >>> 0;
    let id = state % vocabularySize;
    return Array.from({ length: length + 1 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const draw = state >>> 24;
      id = (draw < 160 ? id + 1 : draw < 216 ? 3 * id + 2 : draw) % vocabularySize;
      return id;
    });
  });
}

/** `skipped` counts the steps whose gradients overflowed. */
export async function noisyCurve(
  options: Partial<StepOptions> & Pick<StepOptions, "executor">,
  steps = 200,
): Promise<{ losses: number[]; skipped: number }> {
  const trainStep = new TrainStep({
    objective: causalLanguageModel,
    optimizer: adamW(),
    gradientClipping: 1,
    ...options,
  });
  let state = trainStep.initialState(new Gpt({ vocabularySize, contextLength: 16, layers: 2, heads: 2, width: 32 }));
  const losses: number[] = [];
  let skipped = 0;
  for (let step = 0; step < steps; step++) {
    const batch = windowTensors(batchOf(noisyRows(step, 8, 16)));
    const result = await trainStep.run(state, [{ batch, key: RandomKey.from(0, step) }], step, 3e-3);
    state = result.state;
    losses.push(result.loss);
    skipped = result.lossScaling?.skippedSteps ?? 0;
  }
  trainStep.dispose();
  return { losses, skipped };
}
