// What goes between the process and its worker threads: plain data.
import type { PipelineReport } from "../pipeline.ts";
import type { SourcePosition } from "../sources/reading.ts";
import type { ReadProgress } from "../sources/readOptions.ts";

/** What is done with a shard. */
export type ShardTaskName = "clean" | "sign" | "remove";

/** One shard to work on. */
export interface ShardJob {
  readonly task: ShardTaskName;
  readonly shard: number;
  /** Paths or addresses of the shard's input files. */
  readonly inputs: readonly string[];
  /** The output folder. */
  readonly folder: string;
  /** Address of the pipeline module, for the task "clean". */
  readonly module?: string;
  /** Whatever the task is told, as structured data. */
  readonly parameters: unknown;
}

/** What a task returns: the files it made, relative to the output folder, and its counts. */
export interface ShardResult {
  readonly files: readonly string[];
  readonly report: PipelineReport;
}

/** How far the shard at hand is. */
export interface ShardProgress extends ReadProgress {
  readonly documents: number;
  readonly position: SourcePosition;
}

/** What the thread says of the shard at hand. */
export type WorkerMessage =
  | { readonly type: "progress"; readonly progress: ShardProgress }
  | { readonly type: "done"; readonly documents: number }
  | {
      readonly type: "failed";
      readonly message: string;
      readonly position?: SourcePosition;
      readonly isInputAtFault: boolean;
    };
