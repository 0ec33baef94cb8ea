// Memory of the training step, by precision and with activations recomputed: `pnpm bench memory [B C] [--steps N]`. The estimate comes
// from the program; with steps, processes with and without recomputation take turns and their time and peak memory are measured.
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

async function measure(name: TrainConfigurationName, steps: number): Promise<void> {
  const script = fileURLToPath(new URL("trainStepProcess.ts", import.meta.url));
  const start = (...flags: string[]) =>
    StepProcess.start(process.execPath, [...process.execArgv, script, name, "--warmup", "2", ...flags]);
  const ways = new Map([
    ["kept", await start()],
    ["recomputed", await start("--recompute")],
  ]);
  const times = new Map([...ways.keys()].map((way) => [way, [] as number[]]));
  for (let i = 0; i < steps; i++) for (const [way, process_] of ways) times.get(way)!.push(await process_.step());
  const kept = { time: median(times.get("kept")!), memory: 0 };
  console.log(`| ${name} | ms/step | against kept | peak memory of the process MB | against kept |`);
  console.log("| --- | --- | --- | --- | --- |");
  for (const [way, process_] of ways) {
    const memory = await process_.quit();
    kept.memory ||= memory;
    const time = median(times.get(way)!);
    console.log(
      `| ${way} | ${time.toFixed(0)} | ${(time / kept.time).toFixed(2)} | ${megabytes(memory)} | ${(memory / kept.memory).toFixed(2)} |`,
    );
  }
}

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { steps: { type: "string", default: "0" } },
  });
  console.log(describeMachine());
  for (const name of (positionals.length > 0 ? positionals : ["B", "C"]) as TrainConfigurationName[]) {
    estimate(name);
    if (Number(values.steps) > 0) await measure(name, Number(values.steps));
  }
}
