// Our side of the training benchmark, in a process of its own so that its peak memory is its own: one measured step for each line
// on standard input, one JSON object a line on standard output. The Python peer speaks the same protocol.
import { createInterface } from "node:readline";
import { adamW, causalLanguageModel, TrainStep, type TrainState } from "@llm/train";
import { flattenTensors, hostArray, onnxExecutor, RandomKey, tensor } from "@llm/tensor";
import { namedParameters } from "@llm/model";
import { buildModel, type TrainConfigurationName, trainConfigurations } from "./trainConfigurations.ts";

const warmupSteps = 5;
const name = process.argv[2] as TrainConfigurationName;
const { batchSize, contextLength, vocabularySize } = trainConfigurations[name];
const optimizer = adamW();
const trainStep = new TrainStep({ objective: causalLanguageModel, optimizer, gradientClipping: 1, executor: onnxExecutor() });
const model = buildModel(name);
let state: TrainState = { model, optimizer: optimizer.initialState(Object.fromEntries(namedParameters(model))) };
let steps = 0;

function randomIds() {
  const ids = hostArray("int32", batchSize * contextLength);
  for (let i = 0; i < ids.length; i++) ids[i] = Math.floor(Math.random() * vocabularySize);
  return tensor(ids, { shape: [batchSize, contextLength] });
}

async function step(): Promise<number> {
  const batch = { inputIds: randomIds(), labels: randomIds() };
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
  say({ event: "step", ms: await step() });
}
say({ event: "quit", peakMemoryBytes: process.resourceUsage().maxRSS * 1024 });
process.exit(0);
