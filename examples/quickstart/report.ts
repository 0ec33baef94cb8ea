// The run as one HTML file without outside references: loss curve, comparison, INT8, samples.
import type { Comparison } from "@llm/compress";
import type { PipelineReport } from "@llm/data";
import { type EvaluationRow, evaluationTable } from "@llm/eval";
import { lineChart } from "./lineChart.ts";
import type { Settings } from "./settings.ts";
import type { Sample, TrainSummary } from "./stages.ts";

export interface ReportInput {
  readonly settings: Settings;
  readonly corpus: PipelineReport;
  readonly shards: { readonly trainTokens: number; readonly validationTokens: number };
  readonly training: TrainSummary;
  readonly evaluation: readonly EvaluationRow[];
  readonly comparison: Comparison;
  readonly samples: readonly Sample[];
}

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #777; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 800px; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
p.lead { color: var(--soft); margin-top: 0 }
table { border-collapse: collapse; width: 100% } th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right }
th:first-child, td:first-child { text-align: left } tr.ours { font-weight: 600 }
svg { width: 100%; height: auto } .grid { stroke: var(--line) } .tick, .title { fill: currentColor; font-size: 12px }
blockquote { margin: .8rem 0; padding: .6rem 1rem; border-left: 3px solid #2a78d6; white-space: pre-wrap } blockquote b { color: #2a78d6 }
code { background: #8882; padding: .1em .3em; border-radius: 4px }`;

/** The whole page. */
export function reportPage(input: ReportInput): string {
  const { settings, corpus, shards, training } = input;
  const { layers, heads, width, contextLength } = settings.model;
  const facts = [
    ["documents kept", `${corpus.out.documents} of ${corpus.in.documents}`],
    ["tokens to train on / held out", `${thousands(shards.trainTokens)} / ${thousands(shards.validationTokens)}`],
    ["model", `GPT, ${layers} layers, ${heads} heads, width ${width}, context ${contextLength}`],
    ["parameters", thousands(training.parameters)],
    [
      "training",
      `${settings.steps} steps of ${settings.batchSize} × ${contextLength} tokens, ${thousands(training.tokensPerSecond)} tokens/s`,
    ],
  ] as const;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A language model's life</title>
<style>${style}</style></head><body>
<h1>A language model's life</h1>
<p class="lead">Trained, evaluated and quantised from TypeScript on this machine.</p>
${table(
  ["", ""],
  facts.map((cells) => ({ cells })),
)}
<h2>Loss</h2>
${lossChart(training)}
<h2>Against simple baselines</h2>
<p>The same held-out text for all. Bits per byte compare across tokenizers; lower is better.</p>
${evaluation(input.evaluation)}
<h2>INT8</h2>
${comparison(input.comparison)}
<h2>Samples</h2>
${input.samples.map(({ prompt, text }) => `<blockquote><b>${escapeHtml(prompt)}</b>${escapeHtml(text)}</blockquote>`).join("\n")}
</body></html>
`;
}

function lossChart({ steps, evaluations }: TrainSummary): string {
  return lineChart(
    [
      { name: "training", color: "#8fb8e8", points: steps.map(({ step, loss }) => ({ x: step, y: loss })) },
      {
        name: "held out",
        color: "#d4552b",
        points: evaluations.map(({ step, loss }) => ({ x: step, y: loss })),
        marked: true,
      },
    ],
    { xTitle: "step", yTitle: "loss (nats per token)" },
  );
}

function evaluation(rows: readonly EvaluationRow[]): string {
  const { columns } = evaluationTable(rows);
  const cell = (value: string | number | undefined) =>
    typeof value === "number" ? value.toFixed(value < 100 ? 3 : 0) : (value ?? "");
  return table(
    columns.map(({ title }) => title),
    rows.map((row, i) => ({ cells: columns.map(({ key }) => cell(row[key])), ours: i === 0 })),
  );
}

function comparison({ before, after }: Comparison): string {
  const row = (name: string, unit: (side: Comparison["before"]) => string) => ({
    cells: [name, unit(before), unit(after)],
  });
  return table(
    ["", "float32", "INT8"],
    [
      row("size", ({ bytes }) => `${(bytes / 1e6).toFixed(2)} MB`),
      row("perplexity", ({ score }) => score.perplexity.toFixed(2)),
      row("tokens/s, one at a time", ({ decode }) => thousands(decode.median)),
      row("tokens/s, whole windows", ({ forward }) => thousands(forward.median)),
    ],
  );
}

function table(head: readonly string[], rows: readonly { cells: readonly string[]; ours?: boolean }[]): string {
  const header = head.some((title) => title !== "")
    ? `<tr>${head.map((title) => `<th>${escapeHtml(title)}</th>`).join("")}</tr>`
    : "";
  const body = rows.map(
    ({ cells, ours }) =>
      `<tr${ours ? ' class="ours"' : ""}>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`,
  );
  return `<table>${header}${body.join("")}</table>`;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
