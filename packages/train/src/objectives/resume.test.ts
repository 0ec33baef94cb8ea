// Every objective: a run that stopped and went on ends with the same bytes as one that did not, and learns.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchesInTurn, exampleBatches, mixBatches } from "@llm/data";
import { BertForMaskedLM, Gpt, namedParameters, type PretrainedModel } from "@llm/model";
import { onnxExecutor, setDefaultExecutor } from "@llm/tensor";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import { caseNames, dropout, type ObjectiveCase, texts, vocabulary, withCase } from "../../test/objectiveCases.ts";
import type { TrainEvent } from "../events.ts";
import { Trainer } from "../trainer.ts";
import { instructionTuning } from "./instructionTuning.ts";
import { maskedLanguageModel } from "./maskedLanguageModel.ts";
import { taskMixture } from "./taskMixture.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
beforeAll(() => setDefaultExecutor(executor));
afterAll(() => executor.dispose());

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-objectives-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  weights: Record<string, unknown>;
  /** Without speeds. */
  numbers: object[];
}

async function trained<Model extends PretrainedModel, B>(
  { model, objective, data, heldOut }: ObjectiveCase<Model, B>,
  { steps, path }: { steps: number; path: string },
): Promise<Ended> {
  const trainer = new Trainer<PretrainedModel, unknown>({
    model,
    objective: objective as never,
    data: data as never,
    steps,
    learningRate: 0.02,
    accumulation: 2,
    seed: 11,
    evaluation: { data: heldOut as never, every: 3, batches: Number.POSITIVE_INFINITY },
    checkpoints: { folder: path, every: 3 },
    progress: false,
  });
  const events: TrainEvent[] = [];
  await trainer.run({ onEvent: (event) => events.push(event) });
  const weights = [...namedParameters(trainer.model)].map(
    async ([name, parameter]) => [name, await parameter.data()] as const,
  );
  const numbers = events.flatMap((event) => {
    if (event.type !== "step" && event.type !== "evaluation") return [];
    const { type, step, loss, metrics } = event;
    return [{ type, step, loss, metrics }];
  });
  return { weights: Object.fromEntries(await Promise.all(weights)), numbers };
}

describe.each(caseNames)("%s", (name) => {
  it("goes on as if it had never stopped", async () => {
    const run = (path: string, steps: number) =>
      withCase(name, (given) => trained(given, { steps, path: join(folder, path) }));
    const whole = await run("whole", 6);
    const first = await run("broken", 3);
    const rest = await run("broken", 6);
    expect([...first.numbers, ...rest.numbers]).toEqual(whole.numbers);
    expect(rest.weights).toEqual(whole.weights);
    expect(whole.numbers).toHaveLength(8);
  });
});

it("refuses to go on with another objective, or other settings of it", async () => {
  const path = join(folder, "run");
  await withCase("masked tokens of windows", (given) => trained(given, { steps: 3, path }));
  const resumed = (name: (typeof caseNames)[number]) => withCase(name, (given) => trained(given, { steps: 6, path }));
  const masked = new BertForMaskedLM({
    vocabularySize: 24,
    contextLength: 32,
    layers: 1,
    heads: 2,
    width: 8,
    ...dropout,
  });
  const other = {
    model: masked,
    objective: maskedLanguageModel({ tokenizer: vocabulary, maskShare: 0.2 }),
    data: memoryBatches(countingBatches(4, { rows: 2, length: 12, vocabulary: 16 })),
    heldOut: memoryBatches(countingBatches(4, { rows: 2, length: 12, vocabulary: 16 })),
  };
  await expect(trained(other, { steps: 6, path })).rejects.toThrow(
    'was written with objective {"maskShare":0.15}, this run has {"maskShare":0.2}',
  );
  await expect(resumed("classes of texts")).rejects.toThrow("was written with");
});

it("refuses to go on with batches that are drawn otherwise", async () => {
  const path = join(folder, "run");
  const model = () => new Gpt({ vocabularySize: 24, contextLength: 16, layers: 1, heads: 2, width: 8 });
  const chats = texts(8).map((inputIds) => ({ inputIds, lossMask: inputIds.map(() => 1) }));
  const run = (steps: number, weight: number) => {
    const stream = (shuffle: boolean) => exampleBatches(chats, { batchSize: 2, shuffle });
    return trained(
      {
        model: model(),
        objective: taskMixture({ one: instructionTuning(), two: instructionTuning() }),
        data: mixBatches({ one: stream(true), two: stream(true) }, { weights: { one: weight, two: 1 } }),
        heldOut: batchesInTurn({ one: stream(false), two: stream(false) }),
      },
      { steps, path },
    );
  };
  await run(3, 1);
  await expect(run(6, 2)).rejects.toThrow('was written with data {"shares":[0.5,1]}');
  await expect(run(6, 1)).resolves.toBeDefined();
});
