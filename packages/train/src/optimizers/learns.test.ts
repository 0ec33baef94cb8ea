// Every optimiser learns with its defaults.
import { Gpt } from "@llm/model";
import { onnxExecutor } from "@llm/tensor";
import { afterAll, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../../test/memoryBatches.ts";
import { cosineSchedule } from "../schedules.ts";
import { Trainer } from "../trainer.ts";
import { adafactor } from "./adafactor.ts";
import { adamW } from "./adamw.ts";
import { eightBitState } from "./eightBitState.ts";
import { lion } from "./lion.ts";
import { muon } from "./muon.ts";
import type { Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

// A model this small and a run this short take several times the rates of the documentation.
const cases: [string, Optimizer, number][] = [
  ["adamW", adamW(), 3e-3],
  ["adafactor", adafactor(), 1e-1],
  ["adamW in 8 bits", eightBitState(adamW(), { minimumSize: 0 }), 3e-3],
  ["lion", lion(), 2e-3],
  ["muon", muon(), 3e-3],
  ["sgd", sgd({ momentum: 0.9 }), 1e-1],
];

it.each(cases)("%s", async (_, optimizer, peak) => {
  const losses: number[] = [];
  const trainer = new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 2, heads: 2, width: 16 }),
    data: memoryBatches(countingBatches(11)),
    steps: 110,
    learningRate: cosineSchedule({ peak, warmupSteps: 5, totalSteps: 110 }),
    optimizer,
    executor,
    progress: false,
  });
  await trainer.run({ onEvent: (event) => event.type === "step" && losses.push(event.loss) });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  // Guessing costs log(11) = 2.4 nats.
  expect(mean(losses.slice(0, 3))).toBeGreaterThan(2.2);
  expect(mean(losses.slice(-11))).toBeLessThan(1.2);
});
