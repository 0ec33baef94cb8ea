// A pipeline module as users write them, with ways to fail that the tests of shards ask for.

import { existsSync, writeFileSync } from "node:fs";
import { isMainThread, threadId } from "node:worker_threads";
import type { Document, Step } from "../src/document.ts";
import { filterLength } from "../src/filterLength.ts";
import { normalize } from "../src/normalize.ts";
import type { ShardContext } from "../src/scale/pipelineModule.ts";

export interface ShardStepParameters {
  /** Ids of documents at which the step throws. */
  readonly throwAt?: string;
  /** Id of a document at which the thread ends. */
  readonly exitAt?: string;
  /** Id of a document whose thread takes memory until it dies. */
  readonly growAt?: string;
  /** File that is made at the first failure; while it is there nothing fails any more. */
  readonly onceFile?: string;
  /** Milliseconds to wait at each document. */
  readonly delay?: number;
}

export function steps({ parameters }: ShardContext): Step[] {
  return [normalize(), filterLength({ minCharacters: 40 }), trouble((parameters ?? {}) as ShardStepParameters)];
}

function trouble({ throwAt, exitAt, growAt, onceFile, delay }: ShardStepParameters): Step {
  const isDue = (): boolean => {
    if (onceFile === undefined) return true;
    if (existsSync(onceFile)) return false;
    writeFileSync(onceFile, String(threadId));
    return true;
  };
  return {
    name: "trouble",
    async *apply(documents): AsyncGenerator<Document> {
      for await (const document of documents) {
        if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay));
        if (document.id === throwAt && isDue()) throw new Error("the step is broken");
        if (document.id === exitAt && !isMainThread && isDue()) process.exit(7);
        if (document.id === growAt && isDue()) grow();
        yield document;
      }
    },
  };
}

function grow(): never {
  const kept: number[][] = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, i) => i));
}
