// Remembers which line of the user's code recorded a node, so that an error at run time can name it.
import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ownFolder = dirname(fileURLToPath(import.meta.url)) + sep;

/** An error object that carries the current stack; formatting it is put off until somebody asks. */
export function captureOrigin(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 24;
  const origin = new Error("recorded here");
  Error.stackTraceLimit = limit;
  return origin;
}

/** `file:line` of the first frame outside this package, or undefined. */
export function describeOrigin(origin: Error | undefined): string | undefined {
  for (const line of origin?.stack?.split("\n").slice(1) ?? []) {
    const place = /\(?((?:file:\/\/)?[^()\s]+):(\d+):\d+\)?$/.exec(line.trim());
    if (!place || place[1]!.startsWith("node:")) continue;
    const file = place[1]!.startsWith("file://") ? fileURLToPath(place[1]!) : place[1]!;
    if (file.startsWith(ownFolder) && !file.endsWith(".test.ts")) continue;
    return `${file}:${place[2]}`;
  }
  return undefined;
}
