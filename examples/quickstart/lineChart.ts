// A line chart as SVG text: what the report needs, readable in print and in a dark browser.

export interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly { x: number; y: number }[];
  /** Draw the points as well as the line. */
  readonly marked?: boolean;
}

export interface ChartOptions {
  readonly xTitle: string;
  readonly yTitle: string;
}

const width = 760;
const height = 340;
const margin = { left: 62, right: 16, top: 16, bottom: 46 };

/** The chart as an `<svg>` element. */
export function lineChart(series: readonly Series[], { xTitle, yTitle }: ChartOptions): string {
  const points = series.flatMap(({ points }) => points);
  const x = scale(
    points.map((point) => point.x),
    [margin.left, width - margin.right],
  );
  const y = scale(
    points.map((point) => point.y),
    [height - margin.bottom, margin.top],
  );
  const grid = [
    ...y.ticks.map(
      (tick) =>
        `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y.place(tick)}" y2="${y.place(tick)}"/>`,
    ),
    ...y.ticks.map(
      (tick) => `<text class="tick" text-anchor="end" x="${margin.left - 8}" y="${y.place(tick) + 4}">${tick}</text>`,
    ),
    ...x.ticks.map(
      (tick) =>
        `<text class="tick" text-anchor="middle" x="${x.place(tick)}" y="${height - margin.bottom + 20}">${tick}</text>`,
    ),
  ];
  const lines = series.map(({ points, color, marked }) => {
    const path = points.map((point) => `${x.place(point.x).toFixed(1)},${y.place(point.y).toFixed(1)}`).join(" ");
    const marks = marked
      ? points.map((point) => `<circle cx="${x.place(point.x)}" cy="${y.place(point.y)}" r="4" fill="${color}"/>`)
      : [];
    return `<polyline fill="none" stroke="${color}" stroke-width="2" points="${path}"/>${marks.join("")}`;
  });
  // Below lines that rise, above those that fall.
  const rises = series.every(({ points }) => points.at(-1)!.y > points[0]!.y);
  const top = rises ? height - margin.bottom - 20 * series.length : margin.top + 10;
  const legend = series.map(
    ({ name, color }, i) =>
      `<g transform="translate(${width - margin.right - 170},${top + 20 * i})"><line x2="22" stroke="${color}" stroke-width="3"/><text class="tick" x="30" y="4">${name}</text></g>`,
  );
  const titles = [
    `<text class="title" text-anchor="middle" x="${(margin.left + width - margin.right) / 2}" y="${height - 6}">${xTitle}</text>`,
    `<text class="title" text-anchor="middle" transform="translate(14,${(margin.top + height - margin.bottom) / 2}) rotate(-90)">${yTitle}</text>`,
  ];
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${yTitle} by ${xTitle}">${[...grid, ...lines, ...legend, ...titles].join("")}</svg>`;
}

function scale(values: readonly number[], [from, to]: [number, number]) {
  const ticks = niceTicks(Math.min(...values), Math.max(...values));
  const [low, high] = [Math.min(ticks[0]!, ...values), Math.max(ticks.at(-1)!, ...values)];
  const span = high - low || 1;
  return { ticks, place: (value: number) => from + ((value - low) / span) * (to - from) };
}

/** About five round numbers that span the values. */
function niceTicks(low: number, high: number): number[] {
  const rough = (high - low || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const ticks: number[] = [];
  for (let tick = Math.floor(low / step) * step; tick <= high + step / 2; tick += step)
    ticks.push(Number(tick.toPrecision(6)));
  return ticks;
}
