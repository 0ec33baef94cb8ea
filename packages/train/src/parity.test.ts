import { readFile } from "node:fs/promises";
import type { Batch } from "@llm/data";
import { loadModel, namedParameters } from "@llm/model";
import { onnxExecutor, setDefaultExecutor } from "@llm/tensor";
import { openSafetensors } from "@llm/tensor/safetensors";
import { afterAll, beforeAll, expect, it } from "vitest";
import { memoryBatches } from "../test/memoryBatches.ts";
import type { StepEvent } from "./events.ts";
import { cosineSchedule } from "./schedules.ts";
import { Trainer } from "./trainer.ts";

const fixture = new URL("__fixtures__/parity/", import.meta.url).pathname;
const executor = onnxExecutor();

beforeAll(() => setDefaultExecutor(executor));
afterAll(() => executor.dispose());

/** The fixture's batches in order. */
async function fixtureBatches(): Promise<Batch[]> {
  await using file = await openSafetensors(`${fixture}batches.safetensors`);
  const read = async (name: string) => Int32Array.from((await file.read(name)).data as BigInt64Array, Number);
  const [inputIds, labels] = [await read("inputIds"), await read("labels")];
  const [count, batchSize, sequenceLength] = file.entry("inputIds").shape as [number, number, number];
  const size = batchSize * sequenceLength;
  return Array.from({ length: count }, (_, i) => {
    const part = (ids: Int32Array) => ids.slice(i * size, (i + 1) * size);
    return { inputIds: part(inputIds), labels: part(labels), batchSize, sequenceLength };
  });
}

it("trains as PyTorch does: losses, gradient norms, learning rates and final weights of 20 steps", async () => {
  const expected = JSON.parse(await readFile(`${fixture}expected.json`, "utf8"));
  const events: StepEvent[] = [];
  const trainer = new Trainer({
    model: await loadModel(fixture),
    data: memoryBatches(await fixtureBatches()),
    steps: 20,
    learningRate: cosineSchedule({ peak: 0.008, floor: 0.0008, warmupSteps: 5, totalSteps: 20 }),
    progress: false,
  });
  await trainer.run({ onEvent: (event) => event.type === "step" && events.push(event) });
  for (const [step, event] of events.entries()) {
    expect(event.learningRate).toBeCloseTo(expected.learningRates[step], 9);
    expect(Math.abs(event.loss / expected.losses[step] - 1), `loss of step ${step}`).toBeLessThan(1e-5);
    expect(Math.abs(event.gradientNorm / expected.gradientNorms[step] - 1), `norm of step ${step}`).toBeLessThan(1e-4);
  }
  expect(events).toHaveLength(20);
  await using final = await openSafetensors(`${fixture}final.safetensors`);
  for (const [name, parameter] of namedParameters(trainer.model)) {
    const [ours, theirs] = [await parameter.data(), (await final.read(name)).data];
    // The bias of the keys has no influence on the loss; its gradient is rounding noise that Adam scales up.
    const width = 32;
    const isKeyBias = (i: number) => name.endsWith("c_attn.bias") && i >= width && i < 2 * width;
    for (let i = 0; i < ours.length; i++) {
      if (!isKeyBias(i)) expect(Math.abs(Number(ours[i]) - Number(theirs[i])), `${name}[${i}]`).toBeLessThan(1e-4);
    }
  }
});
