// From raw documents to token shards: clean in worker threads, deduplicate over all shards, look at the report, tokenize.
// `node … examples/01-data/main.ts [--small] [--input PATH] [--output FOLDER]`. Run it again, or kill it and run it again: what is done is kept.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  dataReport,
  deduplicateShards,
  measureGroups,
  openTokenShards,
  processShards,
  progressBar,
  readDocuments,
  writeTokenShards,
} from "@llm/data";
import { loadTiktoken } from "@llm/tokenizer";
import { shippedCorpus } from "./corpus.ts";

const { values } = parseArgs({
  options: {
    small: { type: "boolean", default: false },
    input: { type: "string" },
    output: { type: "string", default: "runs" },
  },
});
const at = (name: string) => join(values.output, "data", name);

// 1. The steps of cleaning.ts over every shard. On a cluster, start this on each machine: see docs/data-at-scale.md.
const cleaning = progressBar({ label: "cleaning" });
const clean = await processShards({
  input: values.input ?? shippedCorpus(values),
  output: at("clean"),
  module: new URL("./cleaning.ts", import.meta.url),
  shards: 4,
  onProgress: cleaning.update,
});
cleaning.stop();

// 2. Exact and near-duplicates of all shards together; the first of each stays.
const removing = progressBar({ label: "duplicates" });
const { status, duplicates } = await deduplicateShards({
  input: at("clean/documents"),
  output: at("unique"),
  onProgress: removing.update,
});
removing.stop();
const documents = readDocuments(at("unique/documents"));
const { documents: count, exactDuplicates, nearDuplicates } = duplicates!;
console.log(
  `${count} clean documents, of them ${exactDuplicates} dropped as duplicates, ${nearDuplicates} as near-duplicates`,
);

// 3. A page for people.
const html = await dataReport(documents, {
  title: "State of the Union addresses",
  pipelines: [clean.report, status.report],
  dropped: readDocuments([at("clean/dropped"), at("unique/dropped")]),
  groups: await measureGroups(documents),
});
await writeFile(at("report.html"), html);

// 4. Token ids on disk, as training reads them.
const encoder = loadTiktoken("gpt2");
const endOfTextId = encoder.tokenToId("<|endoftext|>")!;
await writeTokenShards(documents, { folder: at("tokens"), encoder, endOfTextId, split: { validation: 0.05 } });
await using tokens = await openTokenShards(at("tokens"));
const batch = await tokens.batches({ batchSize: 2, sequenceLength: 16, seed: 1 }).next();
console.log(
  `${tokens.tokenCount} tokens to train on; a batch starts "${encoder.decode(batch!.inputIds.subarray(0, 16))}"`,
);
console.log(`Report: ${at("report.html")}`);
