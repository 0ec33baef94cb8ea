// The curve of the learning-rate finder as an SVG picture.

export interface PlottedCurve {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothedLosses: readonly number[];
  readonly suggestion: number;
}

const [width, height] = [720, 400];
const [left, right, top, bottom] = [64, 16, 40, 48];

/** Loss over the logarithm of the rate, the suggestion marked. */
export function learningRatePlot({ rates, losses, smoothedLosses, suggestion }: PlottedCurve): string {
  const [first, last] = [Math.log10(rates[0]!), Math.log10(rates.at(-1)!)];
  // A loss that runs away must not flatten the valley: the picture ends above the losses of the first steps.
  const low = Math.min(...losses);
  const high = losses[0]! + 0.35 * (losses[0]! - low) + 1e-9;
  const x = (rate: number) => left + ((Math.log10(rate) - first) / (last - first)) * (width - left - right);
  const y = (loss: number) => top + ((high - Math.min(loss, high)) / (high - low)) * (height - top - bottom);
  const path = (values: readonly number[]) =>
    values.map((value, i) => `${i === 0 ? "M" : "L"}${x(rates[i]!).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const lines: string[] = [];
  for (let exponent = Math.ceil(first); exponent <= last; exponent++) {
    const at = x(10 ** exponent).toFixed(1);
    lines.push(`<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}" stroke="#e3e6eb"/>`);
    lines.push(`<text x="${at}" y="${height - bottom + 18}" text-anchor="middle">1e${exponent}</text>`);
  }
  for (let i = 0; i <= 4; i++) {
    const loss = low + ((high - low) * i) / 4;
    const at = y(loss).toFixed(1);
    lines.push(`<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}" stroke="#e3e6eb"/>`);
    lines.push(`<text x="${left - 8}" y="${y(loss) + 4}" text-anchor="end">${loss.toFixed(2)}</text>`);
  }
  const mark = x(suggestion).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#667085">
<rect width="${width}" height="${height}" fill="#fff"/>
${lines.join("\n")}
<path d="${path(losses)}" fill="none" stroke="#2f6fde" stroke-opacity="0.3"/>
<path d="${path(smoothedLosses)}" fill="none" stroke="#2f6fde" stroke-width="2"/>
<line x1="${mark}" x2="${mark}" y1="${top}" y2="${height - bottom}" stroke="#d9622b" stroke-dasharray="4 3"/>
<text x="${mark}" y="${top - 12}" text-anchor="middle" fill="#d9622b">suggested: ${suggestion.toExponential(1)}</text>
<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">learning rate</text>
<text x="14" y="${(top + height - bottom) / 2}" transform="rotate(-90 14 ${(top + height - bottom) / 2})" text-anchor="middle">loss</text>
</svg>
`;
}
