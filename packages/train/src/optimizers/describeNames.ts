// Which parameters a function chose, as a short text: functions cannot be compared with those of an earlier run, their choice can.
import { createHash } from "node:crypto";

/** For example `26 parameters (sha256 1f3a5b7c9d0e)`; the same for the same names in any order. */
export function describeNames(names: Iterable<string>): string {
  const sorted = [...names].sort();
  const hash = createHash("sha256").update(sorted.join("\n")).digest("hex").slice(0, 12);
  return `${sorted.length} ${sorted.length === 1 ? "parameter" : "parameters"} (sha256 ${hash})`;
}
