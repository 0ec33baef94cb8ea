// Adds up what a pipeline reported of each shard.
import type { Count, PipelineReport, StepReport } from "../pipeline.ts";
import type { SourceReport } from "../sources/reading.ts";

const problemsKept = 20;
const none: Count = { documents: 0, characters: 0 };

/** The report of all parts together; steps are matched by their place. */
export function mergeReports(reports: readonly PipelineReport[]): PipelineReport {
  const sources = reports.flatMap(({ source }) => source ?? []);
  return {
    in: addCounts(reports.map((report) => report.in)),
    out: addCounts(reports.map((report) => report.out)),
    steps: (reports[0]?.steps ?? []).map(({ name }, place) =>
      mergeSteps(
        name,
        reports.flatMap(({ steps }) => steps[place] ?? []),
      ),
    ),
    ...(sources.length > 0 ? { source: mergeSources(sources) } : {}),
  };
}

function mergeSteps(name: string, steps: readonly StepReport[]): StepReport {
  return {
    name,
    in: addCounts(steps.map((step) => step.in)),
    out: addCounts(steps.map((step) => step.out)),
    dropped: addByReason(steps.map(({ dropped }) => dropped)),
  };
}

function mergeSources(sources: readonly SourceReport[]): SourceReport {
  const sum = (name: "files" | "documents" | "bytesRead" | "totalBytes" | "replacedUtf8") =>
    sources.reduce((total, source) => total + source[name], 0);
  return {
    files: sum("files"),
    documents: sum("documents"),
    bytesRead: sum("bytesRead"),
    totalBytes: sum("totalBytes"),
    replacedUtf8: sum("replacedUtf8"),
    skipped: addByReason(sources.map(({ skipped }) => skipped)),
    passedOver: addByReason(sources.map(({ passedOver }) => passedOver)),
    problems: sources.flatMap(({ problems }) => problems).slice(0, problemsKept),
  };
}

function addCounts(counts: readonly Count[]): Count {
  return counts.reduce(
    (sum, { documents, characters }) => ({
      documents: sum.documents + documents,
      characters: sum.characters + characters,
    }),
    none,
  );
}

function addByReason(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [reason, count] of Object.entries(counts)) sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}
