// Draws the training of each example that has been run into docs/objectives/curves/: `pnpm example:curves`.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TrainEvent } from "@llm/train";
import { lineChart, type Series } from "./quickstart/lineChart.ts";
import { readSetting } from "./shared/example.ts";

interface Line {
  /** What an example wrote of its training. */
  readonly file: string;
  readonly name: string;
  /** Of the evaluations on held-out data, instead of the training. */
  readonly heldOut?: boolean;
  /** What is told beside the loss. Default the loss. */
  readonly metric?: string;
}

interface Picture {
  readonly yTitle: string;
  readonly lines: readonly Line[];
}

const loss = "loss (nats)";
/** The loss in training, and on held-out data where the example evaluates as it trains. */
const losses = (file: string): Picture => ({
  yTitle: loss,
  lines: [
    { file, name: "training" },
    { file, name: "held out", heldOut: true },
  ],
});
const [fine, mixture] = ["04-pretrain-bert", "06-multitask-t5/metrics.jsonl"];
const tasks = ["spans", "sentiment", "era"];
const pictures: Readonly<Record<string, Picture>> = {
  "causal-language-model": losses("03-pretrain-gpt/checkpoints/metrics.jsonl"),
  "masked-language-model": losses("04-pretrain-bert/checkpoints/metrics.jsonl"),
  "sequence-classification": {
    yTitle: "accuracy, held out",
    lines: [
      { file: `${fine}/pretrained.jsonl`, name: "pre-trained", heldOut: true, metric: "accuracy" },
      { file: `${fine}/untrained.jsonl`, name: "from scratch", heldOut: true, metric: "accuracy" },
    ],
  },
  "question-answering": {
    yTitle: "F1, held out",
    lines: [
      { file: "05-question-answering/pretrained.jsonl", name: "pre-trained", heldOut: true, metric: "f1" },
      { file: "05-question-answering/untrained.jsonl", name: "from scratch", heldOut: true, metric: "f1" },
    ],
  },
  "task-mixture": {
    yTitle: loss,
    lines: tasks.map((name) => ({ file: mixture, name, metric: `${name}.loss` })),
  },
  "span-corruption": {
    yTitle: loss,
    lines: [
      { file: mixture, name: "training", metric: "spans.loss" },
      { file: mixture, name: "held out", heldOut: true, metric: "spans.loss" },
    ],
  },
  "sequence-to-sequence": {
    yTitle: "exact answers, held out",
    lines: ["sentiment", "era"].map((name) => ({ file: mixture, name, heldOut: true, metric: `${name}.exactMatch` })),
  },
  "instruction-tuning": losses("07-instruction-tuning/metrics.jsonl"),
  lora: losses("08-lora/metrics.jsonl"),
  preferences: losses("09-preferences/metrics.jsonl"),
  distillation: {
    yTitle: "cross-entropy (nats)",
    // What a distilled model learns from the text itself is comparable to a model without a teacher.
    lines: [
      { file: "10-distillation/causalLanguageModel.jsonl", name: "without teacher" },
      { file: "10-distillation/distillation.jsonl", name: "with teacher", metric: "crossEntropy" },
    ],
  },
  "token-classification": {
    yTitle: "F1 of names, held out",
    lines: [{ file: "12-token-classification/metrics.jsonl", name: "pre-trained", heldOut: true, metric: "entityF1" }],
  },
};
const colors = ["#2a78d6", "#d4552b", "#3d9a50"];
const style = "<style>.grid{stroke:#8884}.tick,.title{fill:#888;font:12px sans-serif}</style>";

/** The points of a line: of a training as means of at most 60 stretches, the first step one of its own. */
function pointsOf({ file, heldOut = false, metric }: Line): Series["points"] {
  const events = readFileSync(folderOf(file), "utf8").trimEnd().split("\n");
  const points = events.flatMap((line) => {
    const event = JSON.parse(line) as TrainEvent;
    if (event.type !== "step" && event.type !== "evaluation") return [];
    const y = metric ? event.metrics?.[metric] : event.loss;
    return (event.type === "evaluation") === heldOut && y !== undefined ? [{ x: event.step, y }] : [];
  });
  const stretch = heldOut ? 1 : Math.ceil(points.length / 60);
  if (stretch === 1) return points;
  const means = points.slice(0, 1);
  for (let from = 1; from < points.length; from += stretch) {
    const part = points.slice(from, from + stretch);
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    means.push({ x: mean(part.map(({ x }) => x)), y: mean(part.map(({ y }) => y)) });
  }
  return means;
}

const { folderOf } = readSetting();
const target = join(import.meta.dirname, "..", "docs", "objectives", "curves");
mkdirSync(target, { recursive: true });
for (const [name, { yTitle, lines }] of Object.entries(pictures)) {
  if (!lines.every(({ file }) => existsSync(folderOf(file)))) {
    console.log(`${name}: not run yet`);
    continue;
  }
  const series = lines.map((line, i) => ({
    name: line.name,
    color: colors[i]!,
    marked: line.heldOut ?? false,
    points: pointsOf(line),
  }));
  const chart = lineChart(series, { xTitle: "update", yTitle });
  const path = join(target, `${name}.svg`);
  writeFileSync(
    `${path}.tmp`,
    `${chart.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace(">", `>${style}`)}\n`,
  );
  renameSync(`${path}.tmp`, path);
  console.log(`${name}: drawn`);
}
