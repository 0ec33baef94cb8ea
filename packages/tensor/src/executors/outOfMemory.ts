// What to say when a run found no memory, or took its thread with it: how much the program needs and how much there is.
import { ExecutionError } from "../errors.ts";
import type { Program } from "../graph.ts";
import { programMemory } from "../programMemory.ts";
import { isConcrete } from "../shape.ts";

const outOfMemory =
  /failed to allocate memory|bad_alloc|out of memory|allocation failed|invalid typed array length|storage size overflowed|ERR_WORKER_OUT_OF_MEMORY/i;

/**
 * The error with the estimated memory of the program beside what is free, if it is about memory or `threadEnded`; else the error.
 * `sizes` are what the named dimensions of the run stand for; a program with names that have no size yet is not estimated.
 */
export function withMemory(
  error: Error,
  program: Program,
  sizes: ReadonlyMap<string, number>,
  threadEnded: boolean,
): Error {
  const isMemory = outOfMemory.test(error.message);
  const isKnown = [...program.inputs, ...program.outputs].every(({ shape }) => sizes.size > 0 || isConcrete(shape));
  if ((!isMemory && !threadEnded) || !isKnown) return error;
  const { inputs, outputs, temporary } = programMemory(program, Object.fromEntries(sizes));
  const parts = `${readable(inputs)} of inputs, ${readable(outputs)} of results, ${readable(temporary)} on the way`;
  const lines = [
    error.message.trim(),
    `  a run takes about ${readable(inputs + outputs + temporary)} (${parts}); ${readable(process.availableMemory())} are free`,
    "  nothing was changed: tensors given up to the run can still be read and saved (try smaller batches, recompute, or 16 bits)",
  ];
  return new ExecutionError((threadEnded ? lines.slice(0, 2) : lines).join("\n"), { cause: error });
}

const units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];

/** Bytes in the largest unit of 1000 that leaves a number of at least 1. */
export function readable(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const amount = bytes / 1000 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : Number(amount.toPrecision(2))} ${units[power]}`;
}
