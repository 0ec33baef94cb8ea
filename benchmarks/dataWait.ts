// How long a training step waits for its batches: `pnpm bench dataWait [A|B|C] [--steps N]`. Trains from token shards on disk and
// prints the share of the time spent waiting, without the first step, before which there is nothing to hide the reading behind.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openTokenShards, writeTokenShards } from "@llm/data";
import { hostRandomBits, onnxExecutor } from "@llm/tensor";
import { Trainer } from "@llm/train";
import { describeMachine } from "./machine.ts";
import { buildModel, type TrainConfigurationName, trainConfigurations } from "./trainConfigurations.ts";

/** Shards of random tokens, enough for all steps. */
async function writeRandomShards(folder: string, vocabularySize: number, tokens: number): Promise<void> {
  const encoder = { vocabularySize, encode: (text: string) => Uint32Array.from(text, Number) };
  const perDocument = 10_000;
  const documents = Array.from({ length: Math.ceil(tokens / perDocument) }, (_, i) => ({
    id: String(i),
    text: Array.from(hostRandomBits(0, `document ${i}`, perDocument), (bits) => bits % 10).join(""),
  }));
  await writeTokenShards(documents, { folder, encoder });
}

async function measure(name: TrainConfigurationName, steps: number, prefetch: number): Promise<void> {
  const { batchSize, contextLength, vocabularySize } = trainConfigurations[name];
  const folder = await mkdtemp(join(tmpdir(), "llm-data-wait-"));
  const executor = onnxExecutor();
  try {
    await writeRandomShards(folder, vocabularySize, (steps + 2) * batchSize * contextLength);
    await using shards = await openTokenShards(folder);
    const data = shards.batches({ batchSize, sequenceLength: contextLength });
    const trainer = new Trainer({ model: buildModel(name), data, steps, prefetch, executor, progress: false });
    const waits: number[] = [];
    const starts: number[] = [];
    await trainer.run({
      onEvent: (event) => {
        if (event.type !== "step") return;
        waits.push(event.dataWait);
        starts.push(performance.now() / 1000);
      },
    });
    const waited = waits.slice(1).reduce((a, b) => a + b);
    const seconds = starts.at(-1)! - starts[0]!;
    const share = `${((100 * waited) / seconds).toFixed(3)} %`;
    const perStep = [(1e6 * waited) / (steps - 1), (1000 * seconds) / (steps - 1)];
    console.log(
      `| ${name} | ${prefetch} | ${share} | ${perStep[0]!.toFixed(0)} µs | ${perStep[1]!.toFixed(0)} ms | ${(1000 * waits[0]!).toFixed(1)} ms |`,
    );
  } finally {
    await executor.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { steps: { type: "string", default: "10" } },
  });
  console.log(describeMachine());
  console.log("| configuration | updates ahead | waiting for data | a step waits | a step takes | first step waits |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  const names = (positionals.length > 0 ? positionals : ["B"]) as TrainConfigurationName[];
  for (const name of names) for (const prefetch of [1, 0]) await measure(name, Number(values.steps), prefetch);
}
