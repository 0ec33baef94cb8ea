// A process to be killed: runs shards and then deduplication with the options in its first argument.
import { deduplicateShards } from "../src/scale/deduplicateShards.ts";
import { processShards } from "../src/scale/processShards.ts";

const { input, clean, unique, parameters } = JSON.parse(process.argv[2]!) as Record<string, string>;
const module = new URL("./shardSteps.ts", import.meta.url);
await processShards({ input: input!, output: clean!, module, parameters, workers: 2 });
await deduplicateShards({ input: `${clean}/documents`, output: unique!, workers: 2 });
