// A pipeline over many files, in worker threads and on many machines.
import { isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readWholeFile } from "../wholeFile.ts";
import { loadPipelineModule } from "./pipelineModule.ts";
import { digestOf, makePlan } from "./shardPlan.ts";
import { runShards, type ShardRunOptions, type ShardStatus } from "./shardRun.ts";

/** Options of `processShards`. */
export interface ProcessShardsOptions extends ShardRunOptions {
  /** Files, folders, patterns or addresses, as `readDocuments` takes them. */
  readonly input: string | readonly string[];
  /** The module that exports the pipeline's `steps` (see `PipelineModule`): a path, or `new URL("./cleaning.ts", import.meta.url)`. */
  readonly module: string | URL;
  /** Handed to `steps`: plain data. Other parameters need another output folder. */
  readonly parameters?: unknown;
  /** Number of shards, at most one a file. Default: one for each file. */
  readonly shards?: number;
}

/**
 * Runs a pipeline over every shard of the input and writes `documents/shard-000000.jsonl.gz` (for
 * `readDocuments("output/documents")`), `dropped/shard-000000.jsonl.gz` and, last, a marker with sizes and digests. Start it
 * on any number of machines with a shared output folder, each rank once: every process takes its share. A process that
 * was killed anywhere is started again with the same options: finished shards are kept, others made anew. The result does
 * not depend on threads, machines or interruptions.
 *
 * @throws DataError when the folder was begun with other inputs, shards, parameters or another module, and for a shard
 * that failed (with `onFailure: "stop"`), naming the input file and the place in it.
 * @example
 * const status = await processShards({ input: "crawl/*.warc.gz", output: "clean", module: "cleaning.ts" });
 * if (status.missing.length === 0) console.log(status.report.out.documents);
 */
export async function processShards(options: ProcessShardsOptions): Promise<ShardStatus> {
  const url = moduleUrl(options.module);
  const { readOptions = {} } = await loadPipelineModule(url.href);
  const { input, shards, parameters } = options;
  const code = digestOf((await readWholeFile(fileURLToPath(url))).toString("base64"));
  const plan = await makePlan({ input, readOptions, shards, settings: { code, parameters } });
  return runShards(plan, { task: "clean", module: url.href, parameters }, options);
}

function moduleUrl(module: string | URL): URL {
  if (module instanceof URL) return module;
  return module.startsWith("file:") && !isAbsolute(module) ? new URL(module) : pathToFileURL(module);
}
