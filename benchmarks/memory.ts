// Memory of the training step, by precision and with activations recomputed: `pnpm bench memory [B C] [--steps N] [--precisions]`. The
// estimate comes from the program; with steps, processes without and with recomputation and AdamW's moments in 8 bits (and with
// --precisions, of each precision) take turns and their time and peak memory are measured.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Program, precisions, programMemory, RandomKey, referenceExecutor, tensor } from "@llm/tensor";
import { adamW, causalLanguageModel, TrainStep } from "@llm/train";
import { describeMachine } from "./machine.ts";
import { median } from "./median.ts";
import { StepProcess } from "./stepProcess.ts";
import { buildModel, type TrainConfigurationName, trainConfigurations } from "./trainConfigurations.ts";

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

function stepProgram(
  name: TrainConfigurationName,
  options: Pick<StepOptions, "precision" | "recomputeActivations">,
): Program {
  const { batchSize, contextLength } = trainConfigurations[name];
  const ids = () => tensor(new Int32Array(batchSize * contextLength), { shape: [batchSize, contextLength] });
  const fixed = {
    objective: causalLanguageModel,
    optimizer: adamW(),
    gradientClipping: 1,
    executor: referenceExecutor(),
  };
  const step = new TrainStep({ ...fixed, ...options });
  return step.program(step.initialState(buildModel(name)), {
    batch: { inputIds: ids(), labels: ids() },
    key: RandomKey.from(0),
  });
}

type StepOptions = ConstructorParameters<typeof TrainStep>[0];

function estimate(name: TrainConfigurationName): void {
  console.log(
    `| ${name} | recomputed | parameters and optimiser MB | at most alive beside them MB | against float32, all kept |`,
  );
  console.log("| --- | --- | --- | --- | --- |");
  const all = programMemory(stepProgram(name, {})).temporary;
  for (const precision of precisions) {
    for (const recomputeActivations of [false, true]) {
      const { inputs, temporary } = programMemory(stepProgram(name, { precision, recomputeActivations }));
      const cells = [
        precision,
        recomputeActivations ? "yes" : "no",
        megabytes(inputs),
        megabytes(temporary),
        `${((100 * temporary) / all).toFixed(0)} %`,
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
}

/** Flags of the processes that take turns, by the name of the row. */
const ways: Record<string, readonly string[]> = {
  float32: [],
  "float32, recomputed": ["--recompute"],
  "float32, recomputed, moments in 8 bits": ["--recompute", "--eight-bit"],
  float16: ["--precision", "float16"],
  bfloat16: ["--precision", "bfloat16"],
};

async function measure(name: TrainConfigurationName, steps: number, chosen: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL("trainStepProcess.ts", import.meta.url));
  const processes = new Map<string, StepProcess>();
  for (const way of chosen) {
    const args = [...process.execArgv, script, name, "--warmup", "2", ...ways[way]!];
    processes.set(way, await StepProcess.start(process.execPath, args));
  }
  const times = new Map(chosen.map((way) => [way, [] as number[]]));
  for (let i = 0; i < steps; i++)
    for (const [way, process_] of processes) times.get(way)!.push(...(await process_.steps(1)));
  const first = { median: median(times.get(chosen[0]!)!), least: Math.min(...times.get(chosen[0]!)!), memory: 0 };
  console.log(
    `| ${name} | median ms/step | against float32 | least ms/step | against float32 | peak memory of the process MB | against float32 |`,
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const [way, process_] of processes) {
    const memory = await process_.quit();
    first.memory ||= memory;
    const [middle, least] = [median(times.get(way)!), Math.min(...times.get(way)!)];
    const ratio = (value: number, of: number) => (value / of).toFixed(2);
    const cells = [
      way,
      middle.toFixed(0),
      ratio(middle, first.median),
      least.toFixed(0),
      ratio(least, first.least),
      megabytes(memory),
      ratio(memory, first.memory),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { steps: { type: "string", default: "0" }, precisions: { type: "boolean", default: false } },
  });
  console.log(describeMachine());
  const chosen = Object.keys(ways).slice(0, values.precisions ? undefined : 3);
  for (const name of (positionals.length > 0 ? positionals : ["B", "C"]) as TrainConfigurationName[]) {
    estimate(name);
    if (Number(values.steps) > 0) await measure(name, Number(values.steps), chosen);
  }
}
