// A worker thread that counts the words of the ranges it is given, and hands the counts over at the end.
import { parentPort, workerData } from "node:worker_threads";
import { countRange } from "./countRange.ts";
import { textCounter, type WordRules } from "./countTexts.ts";
import { FormatError } from "./errors.ts";
import type { FileRange } from "./fileRanges.ts";
import { type CountedWords, WordCounter } from "./trainWords.ts";

export interface WorkerSetup {
  readonly rules: WordRules;
}

export type WorkerRequest = { readonly range: FileRange } | { readonly finish: true };

export type WorkerReply =
  | {
      readonly kind: "counted";
      readonly lines: number;
      readonly characters: number;
      readonly distinctWords: number;
      readonly memoryBytes: number;
    }
  | { readonly kind: "words"; readonly words: CountedWords }
  | { readonly kind: "failed"; readonly message: string; readonly isFormat: boolean };

const port = parentPort!;
const words = new WordCounter();
const count = textCounter((workerData as WorkerSetup).rules, words);

async function answer(request: WorkerRequest): Promise<void> {
  if ("finish" in request) {
    const counted = words.counted();
    const { units, ends, counts } = counted;
    port.postMessage({ kind: "words", words: counted } satisfies WorkerReply, [
      units.buffer,
      ends.buffer,
      counts.buffer,
    ]);
    return;
  }
  const range = await countRange(request.range, count);
  const sizes = { distinctWords: words.size, memoryBytes: words.bytes };
  port.postMessage({ kind: "counted", ...range, ...sizes } satisfies WorkerReply);
}

port.on("message", (request: WorkerRequest) => {
  answer(request).catch((error: Error) => {
    port.postMessage({
      ...{ kind: "failed", message: error.message, isFormat: FormatError.isInstance(error) },
    } satisfies WorkerReply);
  });
});
