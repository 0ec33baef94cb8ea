// Our side of the training benchmark, in a process of its own so that its peak memory is its own: as many measured steps as a
// line on standard input says, one JSON object a line on standard output. The Python peer speaks the same protocol.
// `trainStepProcess.ts WORKLOAD [--recompute] [--eight-bit] [--precision float32|float16|bfloat16] [--warmup STEPS]`
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { PretrainedModel } from "@llm/model";
import { flattenTensors, hostArray, onnxExecutor, type Precision, RandomKey, tensor } from "@llm/tensor";
import { adamW, eightBitState, type TrainState, TrainStep } from "@llm/train";
import { type TrainWorkloadName, trainWorkload } from "./trainWorkloads.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    recompute: { type: "boolean", default: false },
    "eight-bit": { type: "boolean", default: false },
    precision: { type: "string", default: "float32" },
    warmup: { type: "string", default: "5" },
  },
});
const warmupSteps = Number(values.warmup);
const { model, objective, inputs, vocabularySize } = trainWorkload(positionals[0] as TrainWorkloadName);
const trainStep = new TrainStep<PretrainedModel>({
  objective,
  optimizer: values["eight-bit"] ? eightBitState(adamW()) : adamW(),
  gradientClipping: 1,
  executor: onnxExecutor(),
  precision: values.precision as Precision,
  recomputeActivations: values.recompute,
});
let state: TrainState<PretrainedModel> = trainStep.initialState(model);
let steps = 0;

function randomIds([batch, tokens]: readonly [number, number]) {
  const ids = hostArray("int32", batch * tokens);
  for (let i = 0; i < ids.length; i++) ids[i] = Math.floor(Math.random() * vocabularySize);
  return tensor(ids, { shape: [batch, tokens] });
}

async function step(): Promise<number> {
  const batch = { inputIds: randomIds(inputs.inputIds), labels: randomIds(inputs.labels) };
  const start = performance.now();
  const result = await trainStep.run(state, [{ batch, key: RandomKey.from(0, steps) }], steps, 3e-4);
  const milliseconds = performance.now() - start;
  for (const { tensor } of flattenTensors(batch)) tensor.dispose();
  state = result.state;
  steps++;
  return milliseconds;
}

function say(event: Record<string, unknown>): void {
  console.log(JSON.stringify(event));
}

const first = await step();
for (let i = 1; i < warmupSteps; i++) await step();
say({ event: "ready", firstStepMs: first, compile: trainStep.compileTimes });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "quit") break;
  const times: number[] = [];
  while (times.length < Number(line)) times.push(await step());
  for (const ms of times) say({ event: "step", ms });
}
say({ event: "quit", peakMemoryBytes: process.resourceUsage().maxRSS * 1024 });
process.exit(0);
