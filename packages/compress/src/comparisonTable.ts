// A comparison as text for a terminal.
import type { Comparison, ModelMeasurement } from "./compare.ts";

interface Line {
  readonly title: string;
  readonly value: (measurement: ModelMeasurement) => number;
  readonly digits: number;
}

const lines: readonly Line[] = [
  { title: "size (MB)", value: ({ bytes }) => bytes / 1e6, digits: 2 },
  { title: "perplexity", value: ({ score }) => score.perplexity, digits: 3 },
  { title: "bits/token", value: ({ score }) => score.bitsPerToken, digits: 4 },
  { title: "decode (tokens/s)", value: ({ decode }) => decode.median, digits: 0 },
  { title: "batch forward (tokens/s)", value: ({ forward }) => forward.median, digits: 0 },
];

/** Lines with the value before, after, and their ratio; without a line end after the last. */
export function comparisonTable({ before, after }: Comparison): string {
  const rows = [
    ["", "before", "after", "after / before"],
    ...lines.map(({ title, value, digits }) => {
      const [a, b] = [value(before), value(after)];
      return [title, a.toFixed(digits), b.toFixed(digits), (b / a).toFixed(3)];
    }),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "))
    .join("\n");
}
