// Charts as SVG that take the width they get: bars in percent, words in pixels, so that they can be read on a phone, too.
import type { Histogram } from "./histogram.ts";
import { escapeHtml } from "./html.ts";

/** A row of a bar chart. */
export interface BarRow {
  readonly label: string;
  readonly value: number;
  /** The value in words. */
  readonly text: string;
}

/** Horizontal bars, the label before and the value behind each. Labels and values are escaped. */
export function barChart(rows: readonly BarRow[], title: string): string {
  const greatest = rows.reduce((most, { value }) => Math.max(most, value), 0) || 1;
  const lines = rows.map(
    ({ label, value, text }) =>
      `<tr><th scope="row">${escapeHtml(label)}</th><td class="bar"><svg width="100%" height="14" aria-hidden="true">` +
      `<rect class="mark" width="${percent(value / greatest)}" height="14" rx="2"/></svg></td>` +
      `<td class="number">${escapeHtml(text)}</td></tr>`,
  );
  return `<table class="bars" aria-label="${escapeHtml(title)}">${lines.join("")}</table>`;
}

const height = 170;
const top = 18;
const bottom = 34;

/** Columns with the ends of the ranges below and the greatest count above. */
export function histogramChart(
  bins: Histogram,
  { title, xTitle }: { readonly title: string; readonly xTitle: string },
): string {
  const greatest = bins.reduce((most, { count }) => Math.max(most, count), 0) || 1;
  const full = height - top - bottom;
  const columns = bins.map(({ from, to, count }, i) => {
    const tall = (count / greatest) * full;
    const hint = `${rounded(from)} to ${rounded(to)}: ${count.toLocaleString("en")}`;
    return (
      `<rect class="mark" x="${percent((i + 0.06) / bins.length)}" width="${percent(0.88 / bins.length)}" ` +
      `y="${(top + full - tall).toFixed(1)}" height="${tall.toFixed(1)}"><title>${escapeHtml(hint)}</title></rect>`
    );
  });
  const fullest = bins.findIndex(({ count }) => count === greatest);
  const anchored = (share: number) => (share < 0.1 ? "start" : share > 0.9 ? "end" : "middle");
  const above = (fullest + 0.5) / bins.length;
  const ticks = tickPlaces(bins.length).map((place) => {
    const value = place === bins.length ? bins.at(-1)!.to : bins[place]!.from;
    const share = place / bins.length;
    return `<text x="${percent(share)}" y="${height - 19}" text-anchor="${anchored(share)}">${rounded(value)}</text>`;
  });
  return (
    `<svg class="histogram" width="100%" height="${height}" role="img" aria-label="${escapeHtml(title)}">` +
    `<line x2="100%" y1="${top + full}" y2="${top + full}"/>${columns.join("")}` +
    `<text x="${percent(above)}" y="12" text-anchor="${anchored(above)}">${greatest.toLocaleString("en")}</text>` +
    `${ticks.join("")}<text x="50%" y="${height - 3}" text-anchor="middle">${escapeHtml(xTitle)}</text></svg>`
  );
}

/** Up to five places, evenly between both ends. */
function tickPlaces(bins: number): number[] {
  const count = Math.min(4, bins);
  return Array.from({ length: count + 1 }, (_, i) => Math.round((i * bins) / count));
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))}%`;
}

function rounded(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(2))} M`;
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(2)));
}
