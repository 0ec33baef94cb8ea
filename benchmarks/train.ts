// The training step beside PyTorch's, alternating: `pnpm bench train [A B C bert t5 llama] [--turns N] [--warmup STEPS]
// [--modes eager,compile] [--python PATH]`. Without a Python that has torch, and transformers for all but A, B and C, only our side runs.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compile, onnxExecutor, type Tensor, tensor } from "@llm/tensor";
import { describeMachine } from "./machine.ts";
import { median } from "./median.ts";
import { StepProcess } from "./stepProcess.ts";
import { type TrainWorkload, type TrainWorkloadName, trainWorkload } from "./trainWorkloads.ts";

interface Row {
  configuration: string;
  system: string;
  millisecondsPerStep: number;
  tokensPerSecond: number;
  gigaflops: number;
  shareOfPeak: number;
  peakMemoryMegabytes: number;
  ratio: number | undefined;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** GFLOP/s of a 1024³ matrix product on all cores, the best of several in a turn: what the machine can do right now. */
async function matmulPeak(): Promise<number> {
  const size = 1024;
  const executor = onnxExecutor();
  const data = () =>
    tensor(
      Float32Array.from({ length: size * size }, (_, i) => (i % 7) - 3),
      { shape: [size, size] },
    );
  const [a, b] = [data(), data()];
  // Sixteen products a run, so that passing the result out does not count.
  const products = compile(
    (a: Tensor, b: Tensor) => {
      let x = a;
      for (let i = 0; i < 16; i++) x = x.matmul(b);
      return x.sum();
    },
    { executor },
  );
  let best = 0;
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    await products(a, b);
    best = Math.max(best, (16 * 2 * size ** 3) / (performance.now() - start) / 1e6);
  }
  await executor.dispose();
  return best;
}

interface MeasureOptions {
  readonly turns: number;
  /** Steps before the first turn. */
  readonly warmup: string;
  /** Undefined without a Python that has what the peer needs. */
  readonly python: string | undefined;
  /** Of PyTorch. */
  readonly modes: readonly string[];
}

/** Ours and PyTorch's processes, by the name of the system. */
async function startSystems(
  name: TrainWorkloadName,
  { configJson, inputs }: TrainWorkload,
  { warmup, python, modes }: MeasureOptions,
): Promise<Map<string, StepProcess>> {
  const ours = await StepProcess.start(process.execPath, [
    ...process.execArgv,
    here("trainStepProcess.ts"),
    name,
    "--warmup",
    warmup,
  ]);
  const systems = new Map([["@llm/train", ours]]);
  const what = configJson
    ? ["--transformers", JSON.stringify(configJson), "--shapes", JSON.stringify([inputs.inputIds, inputs.labels])]
    : ["--config", name];
  const common = [...what, "--threads", String(availableParallelism()), "--steps", "1000000", "--warmup", warmup];
  for (const mode of python === undefined ? [] : modes) {
    const args = [here("peer/trainStep.py"), ...common, "--mode", mode];
    systems.set(`PyTorch ${mode}`, await StepProcess.start(python!, args));
  }
  return systems;
}

async function measure(name: TrainWorkloadName, options: MeasureOptions): Promise<Row[]> {
  const workload = trainWorkload(name);
  const systems = await startSystems(name, workload, options);
  const { compile: times, firstStepMs } = systems.get("@llm/train")!.ready as {
    compile: Record<string, number>;
    firstStepMs: number;
  };
  const parts = Object.entries(times).map(([part, value]) => `${part} ${value.toFixed(0)} ms`);
  console.log(`${name}: compiled in ${parts.join(", ")}; first step after ${(firstStepMs / 1000).toFixed(1)} s`);
  const peaks: number[] = [];
  const samples = new Map([...systems.keys()].map((system) => [system, [] as number[]]));
  for (let i = 0; i < options.turns; i++) {
    for (const [system, process_] of systems) samples.get(system)!.push(...(await turn(process_)));
    peaks.push(await matmulPeak());
  }
  // As the times, a median over the turns: what the machine can do varies with its neighbours.
  const peak = median(peaks);
  const ours = median(samples.get("@llm/train")!);
  const rows: Row[] = [];
  for (const [system, process_] of systems) {
    const milliseconds = median(samples.get(system)!);
    const gigaflops = workload.operations / milliseconds / 1e6;
    rows.push({
      configuration: name,
      system,
      millisecondsPerStep: milliseconds,
      tokensPerSecond: (1000 * workload.tokens) / milliseconds,
      gigaflops,
      shareOfPeak: gigaflops / peak,
      peakMemoryMegabytes: (await process_.quit()) / 1e6,
      ratio: milliseconds / ours,
    });
  }
  console.log(`${name}: matmul peak ${peak.toFixed(0)} GFLOP/s`);
  return rows;
}

/** Milliseconds of the steps of one turn, about half a second: training goes on without pauses, too. */
async function turn(system: StepProcess): Promise<number[]> {
  // Threads that wait for work keep spinning for a while: not into the other's turn. The first step finds cold caches.
  await setTimeout(200);
  const [first] = await system.steps(1);
  return system.steps(Math.max(1, Math.round(500 / first!)));
}

function findPython(path: string | undefined): string | undefined {
  const candidate = path ?? "python3";
  const found = spawnSync(candidate, ["-c", "import torch"]).status === 0;
  if (!found) console.log(`${candidate} has no torch: the peer is left out (--python PATH names another)`);
  return found ? candidate : undefined;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      turns: { type: "string", default: "8" },
      warmup: { type: "string", default: "5" },
      modes: { type: "string", default: "eager,compile" },
      python: { type: "string" },
    },
  });
  const names = (positionals.length > 0 ? positionals : ["A", "B"]) as TrainWorkloadName[];
  const python = findPython(values.python);
  const { turns, warmup, modes } = values;
  const options = { turns: Number(turns), warmup, python, modes: modes.split(",") };
  console.log(describeMachine());
  const rows: Row[] = [];
  for (const name of names) rows.push(...(await measure(name, options)));
  console.log(
    "| configuration | system | ms/step | tokens/s | GFLOP/s | share of matmul peak | peak memory MB | time against ours |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const row of rows) {
    const cells = [
      row.configuration,
      row.system,
      row.millisecondsPerStep.toFixed(1),
      row.tokensPerSecond.toFixed(0),
      row.gigaflops.toFixed(0),
      `${(100 * row.shareOfPeak).toFixed(0)} %`,
      row.peakMemoryMegabytes.toFixed(0),
      row.ratio!.toFixed(2),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
