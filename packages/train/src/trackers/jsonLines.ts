// Events as JSON lines, one event a line.
import type { TrainEvent } from "../events.ts";
import { LineFile } from "./lineFile.ts";
import type { Tracker } from "./tracker.ts";

/**
 * Writes all of each event to the file at `path`, made with its folder where missing. The trainer keeps one by itself beside its
 * checkpoints (`metricsFile`).
 */
export function jsonLinesTracker(path: string): Tracker {
  const file = new LineFile(path);
  const rewindTo = async (step: number) => {
    const lines = await file.read();
    await file.replace(lines.filter((line) => stepOf(line) <= step));
  };
  return {
    start: ({ step }) => rewindTo(step),
    rewindTo,
    record: (event: TrainEvent) => file.append(JSON.stringify(event)),
    finish: async () => {},
  };
}

/** The step an event belongs to; Infinity for a line that is none. */
function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { step?: number }).step ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
