// Attention by the length of the context: time and memory of forward and backward of one GPT block, in blocks and all at once, beside
// PyTorch's: `pnpm bench attention [LENGTH …] [--turns N] [--plain-up-to TOKENS] [--window TOKENS] [--python PATH]`. Systems take turns.
// Attention at once needs memory for four matrices of length × length for each of 4 heads: 4 GB at 8192, 17 GB at 16384.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine } from "./machine.ts";
import { median } from "./median.ts";
import { StepProcess } from "./stepProcess.ts";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

interface Options {
  readonly turns: number;
  readonly plainUpTo: number;
  readonly window: string | undefined;
  readonly python: string | undefined;
}

/** Runs the benchmark and prints one table. */
export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      turns: { type: "string", default: "5" },
      "plain-up-to": { type: "string", default: "4096" },
      window: { type: "string" },
      python: { type: "string", default: "python3" },
    },
  });
  const hasTorch = spawnSync(values.python, ["-c", "import torch"]).status === 0;
  if (!hasTorch) console.log(`${values.python} has no torch: the peer is left out (--python PATH names another)`);
  const options: Options = {
    turns: Number(values.turns),
    plainUpTo: Number(values["plain-up-to"]),
    window: values.window,
    python: hasTorch ? values.python : undefined,
  };
  console.log(`${describeMachine()}; medians and least of ${options.turns} turns`);
  console.log("| tokens | attention | median ms | least ms | against the first | peak memory of the process MB |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  const lengths = positionals.length > 0 ? positionals : ["128", "256", "512", "1024", "2048", "4096", "8192", "16384"];
  for (const length of lengths) await measure(Number(length), options);
}

async function measure(length: number, options: Options): Promise<void> {
  const systems = await start(length, options);
  const times = new Map([...systems.keys()].map((system) => [system, [] as number[]]));
  for (let turn = 0; turn < options.turns; turn++) {
    for (const [system, process_] of systems) {
      // Threads that wait for work keep spinning for a while: not into the other's turn. The first step finds cold caches.
      await setTimeout(200);
      const [first] = await process_.steps(1);
      times.get(system)!.push(...(await process_.steps(Math.max(1, Math.round(500 / first!)))));
    }
  }
  const ours = median(times.get("@llm/model, blocks")!);
  for (const [system, process_] of systems) {
    const samples = times.get(system)!;
    const memory = (await process_.quit()) / 1e6;
    const cells = [
      String(length),
      system,
      median(samples).toFixed(1),
      Math.min(...samples).toFixed(1),
      (median(samples) / ours).toFixed(2),
      memory.toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

async function start(length: number, { plainUpTo, window, python }: Options): Promise<Map<string, StepProcess>> {
  const sized = ["--length", String(length)];
  const node = [...process.execArgv, here("attentionProcess.ts"), ...sized, ...(window ? ["--window", window] : [])];
  const torch = [here("peer/attention.py"), ...sized, "--threads", String(availableParallelism())];
  const systems = new Map([["@llm/model, blocks", await StepProcess.start(process.execPath, node)]]);
  const plain = length <= plainUpTo;
  if (plain) systems.set("@llm/model, at once", await StepProcess.start(process.execPath, [...node, "--plain"]));
  if (python && !window) {
    systems.set("PyTorch SDPA", await StepProcess.start(python, torch));
    if (plain) systems.set("PyTorch, at once", await StepProcess.start(python, [...torch, "--plain"]));
  }
  return systems;
}
