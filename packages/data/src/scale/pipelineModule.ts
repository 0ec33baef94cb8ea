// Pipelines cross to threads and machines as the address of a module, since functions cannot.

import type { Step } from "../document.ts";
import { DataError, systemReason } from "../errors.ts";
import type { ReadOptions } from "../sources/readOptions.ts";

/** What `steps` of a pipeline module is told. */
export interface ShardContext {
  /** The shard's number, from 0. */
  readonly shard: number;
  /** The `parameters` given to `processShards`. */
  readonly parameters: unknown;
}

/**
 * What a module for `processShards` exports. It is loaded by every worker thread, from TypeScript where the process
 * itself runs TypeScript.
 */
export interface PipelineModule {
  /** The steps for one shard, made anew for each: what they remember ends with the shard. */
  steps(context: ShardContext): readonly Step[] | Promise<readonly Step[]>;
  /** How the input files are read. */
  readonly readOptions?: ReadOptions;
}

/**
 * Loads the module at `address` (a `file:` URL).
 * @throws DataError where it cannot be loaded or exports no function `steps`.
 */
export async function loadPipelineModule(address: string): Promise<PipelineModule> {
  let module: Partial<PipelineModule>;
  try {
    module = (await import(address)) as Partial<PipelineModule>;
  } catch (error) {
    throw new DataError(`${address}: the pipeline module could not be loaded: ${systemReason(error)}`, {
      cause: error,
    });
  }
  if (typeof module.steps === "function") return module as PipelineModule;
  const names = Object.keys(module).join(", ") || "nothing";
  throw new DataError(`${address}: expected a module that exports a function steps(), got exports: ${names}`);
}
