// What worker threads do with a shard: run a pipeline over it, sign its documents, or remove duplicates from it.
import { join } from "node:path";
import type { Document, Step } from "../document.ts";
import type { MinhashOptions } from "../filters/minhash.ts";
import { type Pipeline, pipeline } from "../pipeline.ts";
import { type DocumentSource, readDocuments } from "../readDocuments.ts";
import type { ReadOptions } from "../sources/readOptions.ts";
import { writeDocuments } from "../writeDocuments.ts";
import { readDuplicates } from "./duplicateFiles.ts";
import { loadPipelineModule } from "./pipelineModule.ts";
import type { ShardJob, ShardResult, ShardTaskName } from "./shardJob.ts";
import { shardName } from "./shardMarker.ts";
import { SignatureFile } from "./signatureFile.ts";

/** Where the shard is read: made by the task, watched by the thread. */
export type OpenSource = (options?: ReadOptions) => DocumentSource;

/** Parameters of the task "sign". */
export interface SignParameters {
  /** Undefined: no near-duplicates are looked for. */
  readonly near: MinhashOptions | undefined;
}

/** Parameters of the task "remove". */
export interface RemoveParameters {
  /** The folder with the places of duplicates. */
  readonly duplicates: string;
}

/** Each task makes files in `job.folder` under their final names, or none. */
export const shardTasks: Readonly<Record<ShardTaskName, (job: ShardJob, open: OpenSource) => Promise<ShardResult>>> = {
  async clean(job, open) {
    const { steps, readOptions } = await loadPipelineModule(job.module!);
    const context = { shard: job.shard, parameters: job.parameters };
    return writeShard(job, open(readOptions), await steps(context));
  },

  async sign(job, open) {
    const { near } = job.parameters as SignParameters;
    const file = `${shardName(job.shard)}.parquet`;
    const documents = pipeline(open(), []);
    await SignatureFile.write(documents.documents, join(job.folder, file), { shard: job.shard, near });
    return { files: [file], report: documents.report() };
  },

  async remove(job, open) {
    const { duplicates } = job.parameters as RemoveParameters;
    return writeShard(job, open(), [await removePlaces(duplicates, job.shard)]);
  },
};

/** Where the tasks get their documents from. */
export function sourceOpener(
  job: ShardJob,
  watch: (source: () => DocumentSource, options: ReadOptions) => ReadOptions,
): OpenSource {
  return (options = {}) => {
    const source: DocumentSource = readDocuments(
      job.inputs,
      watch(() => source, options),
    );
    return source;
  };
}

async function writeShard(job: ShardJob, source: DocumentSource, steps: readonly Step[]): Promise<ShardResult> {
  const name = `${shardName(job.shard)}.jsonl.gz`;
  const files = [`documents/${name}`, `dropped/${name}`];
  const [documentsFile, droppedFile] = files.map((file) => join(job.folder, file)) as [string, string];
  const clean: Pipeline = pipeline(source, steps, { droppedFile });
  await writeDocuments(clean.documents, documentsFile);
  return { files, report: clean.report() };
}

/** The step that drops the documents at the places that were found to be duplicates. */
async function removePlaces(folder: string, shard: number): Promise<Step> {
  const { exact, near } = await readDuplicates(folder, shard);
  const reasons = new Map<number, string>([
    ...exact.map((place) => [place, "duplicate"] as const),
    ...near.map((place) => [place, "near duplicate"] as const),
  ]);
  return {
    name: "removeDuplicates",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      let place = 0;
      for await (const document of documents) {
        const reason = reasons.get(place++);
        if (reason === undefined) yield document;
        else await drop(document, reason);
      }
    },
  };
}
