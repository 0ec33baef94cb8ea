// A corpus on one page, for people: what is in it, and what was left out and why. One HTML file without outside references.
import type { Document } from "../document.ts";
import { DataError } from "../errors.ts";
import type { GroupReport } from "../groups/groupReport.ts";
import type { PipelineReport } from "../pipeline.ts";
import { corpusStatistics } from "./corpusStatistics.ts";
import { type DropGroup, dropGroups } from "./droppedExamples.ts";
import { escapeHtml } from "./html.ts";
import {
  dropSection,
  duplicateSection,
  factsSection,
  groupSection,
  languageSection,
  lengthSection,
  qualitySection,
  readingSection,
  stepSection,
} from "./reportSections.ts";
import { reportStyle } from "./reportStyle.ts";

/** What a report is made of; only the documents must be there. */
export interface DataReportOptions {
  /** Default `"Data report"`. */
  readonly title?: string;
  /** What the pipeline did: of `pipeline(…).report()`, or the `report` of a `ShardStatus`. Several are shown one after the other. */
  readonly pipelines?: readonly PipelineReport[];
  /** What was dropped, for examples: `readDocuments` of a `droppedFile`, or of the folder `dropped`. */
  readonly dropped?: AsyncIterable<Document> | Iterable<Document>;
  /** How documents speak of groups of people, of `measureGroups`. */
  readonly groups?: GroupReport;
  /** Documents that are kept in memory to tell languages and quality. Default 2000. */
  readonly sampleSize?: number;
}

/**
 * Reads the documents once and returns the report as an HTML page: counts, what was read and skipped, steps and what they dropped with examples,
 * duplicates, lengths, languages, quality, groups. Memory: `sampleSize` documents.
 *
 * @throws DataError where there are no documents; their own errors.
 * @example
 * const clean = pipeline(readDocuments("corpus/"), steps, { droppedFile: "dropped.jsonl" });
 * await writeDocuments(clean.documents, "clean.jsonl");
 * const options = { pipelines: [clean.report()], dropped: readDocuments("dropped.jsonl") };
 * await writeFile("report.html", await dataReport(readDocuments("clean.jsonl"), options));
 */
export async function dataReport(
  documents: AsyncIterable<Document> | Iterable<Document>,
  options: DataReportOptions = {},
): Promise<string> {
  const { title = "Data report", pipelines = [], groups, sampleSize = 2000 } = options;
  if (!Number.isInteger(sampleSize) || sampleSize < 1) {
    throw new DataError(`dataReport: sampleSize: expected a whole number from 1, got ${sampleSize}`);
  }
  const { statistics } = await corpusStatistics(documents, sampleSize);
  if (statistics.documents === 0) {
    throw new DataError(
      "dataReport: expected at least one document, got none (the pipeline's report tells what its steps dropped)",
    );
  }
  const drops: readonly DropGroup[] = options.dropped ? await dropGroups(options.dropped) : [];
  const sections = [
    factsSection(statistics),
    readingSection(pipelines),
    stepSection(pipelines),
    dropSection(drops),
    duplicateSection(pipelines),
    lengthSection(statistics),
    languageSection(statistics),
    qualitySection(statistics),
    groups ? groupSection(groups) : "",
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${reportStyle}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${sections.filter((section) => section !== "").join("\n")}
</body></html>
`;
}
