// Scores side by side, as text for a terminal and as plain data for reports.
import type { LanguageModelScore } from "./score.ts";

/** One line of a comparison. What a line has no value for (gzip has no perplexity) stays empty. */
export interface EvaluationRow extends Partial<LanguageModelScore> {
  readonly name: string;
}

/** A comparison. `JSON.stringify` keeps all but the text's layout. */
export interface EvaluationTable {
  readonly columns: readonly EvaluationColumn[];
  /** The rows as given. */
  readonly rows: readonly EvaluationRow[];
  /** Lines with aligned columns, without a line end after the last. */
  readonly text: string;
}

/** A column of the table: the key of its numbers in the rows, and its heading. */
export interface EvaluationColumn {
  readonly key: "name" | "perplexity" | "bitsPerToken" | "bitsPerByte";
  readonly title: string;
}

const columns: readonly EvaluationColumn[] = [
  { key: "name", title: "model" },
  { key: "perplexity", title: "perplexity" },
  { key: "bitsPerToken", title: "bits/token" },
  { key: "bitsPerByte", title: "bits/byte" },
];

/**
 * Puts scores side by side. Columns that no row has a value for are left out.
 *
 * @example
 * console.log(evaluationTable([{ name: "GPT", ...score }, { name: "gzip", bitsPerByte: 2.9 }]).text);
 */
export function evaluationTable(rows: readonly EvaluationRow[]): EvaluationTable {
  const used = columns.filter(({ key }) => rows.some((row) => row[key] !== undefined));
  const lines = [used.map(({ title }) => title), ...rows.map((row) => used.map(({ key }) => cell(row, key)))];
  const widths = used.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const text = lines
    .map((line) => line.map((value, i) => (i === 0 ? value.padEnd(widths[i]!) : value.padStart(widths[i]!))))
    .map((line) => line.join("  ").trimEnd())
    .join("\n");
  return { columns: used, rows, text };
}

function cell(row: EvaluationRow, key: EvaluationColumn["key"]): string {
  const value = row[key];
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (key !== "perplexity") return value.toFixed(3);
  return value < 1000 ? value.toFixed(2) : value.toFixed(0);
}
