// Draws the loss of each example that has been run into docs/objectives/curves/: `pnpm example:curves`.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TrainEvent } from "@llm/train";
import { lineChart, type Series } from "./quickstart/lineChart.ts";
import { readSetting } from "./shared/example.ts";

/** Of each picture its lines: the example's file of events and what it is. */
const pictures: Readonly<Record<string, readonly (readonly [file: string, name: string])[]>> = {
  "causal-language-model": [["03-pretrain-gpt/checkpoints/metrics.jsonl", "training"]],
  "masked-language-model": [["04-pretrain-bert/checkpoints/metrics.jsonl", "training"]],
  "question-answering": [
    ["05-question-answering/pretrained.jsonl", "pre-trained"],
    ["05-question-answering/untrained.jsonl", "from scratch"],
  ],
  "task-mixture": [["06-multitask-t5/metrics.jsonl", "all tasks"]],
  "instruction-tuning": [["07-instruction-tuning/metrics.jsonl", "training"]],
  lora: [["08-lora/metrics.jsonl", "training"]],
  preferences: [["09-preferences/metrics.jsonl", "training"]],
  distillation: [
    ["10-distillation/causalLanguageModel.jsonl", "without teacher"],
    ["10-distillation/distillation.jsonl", "with teacher"],
  ],
};
const colors = ["#2a78d6", "#d4552b"];
const style = "<style>.grid{stroke:#8884}.tick,.title{fill:#888;font:12px sans-serif}</style>";

/** Loss by step, as means of at most 60 stretches. The first step is one of its own. */
function lossCurve(path: string): Series["points"] {
  const events = readFileSync(path, "utf8").trimEnd().split("\n");
  const steps = events.map((line) => JSON.parse(line) as TrainEvent).filter((event) => event.type === "step");
  // What a distilled model learns from the text itself is comparable to a model without a teacher.
  const losses = steps.map(({ loss, metrics }) => metrics?.crossEntropy ?? loss);
  const stretch = Math.ceil(losses.length / 60);
  const points = [{ x: 1, y: losses[0]! }];
  for (let from = 1; from < losses.length; from += stretch) {
    const part = losses.slice(from, from + stretch);
    points.push({ x: from + (part.length + 1) / 2, y: part.reduce((a, b) => a + b) / part.length });
  }
  return points;
}

const { folderOf } = readSetting();
const target = join(import.meta.dirname, "..", "docs", "objectives", "curves");
mkdirSync(target, { recursive: true });
for (const [name, lines] of Object.entries(pictures)) {
  const drawn = lines.filter(([file]) => existsSync(folderOf(file)));
  if (drawn.length < lines.length) {
    console.log(`${name}: not run yet`);
    continue;
  }
  const series = drawn.map(([file, title], i) => ({
    name: title,
    color: colors[i]!,
    points: lossCurve(folderOf(file)),
  }));
  const chart = lineChart(series, { xTitle: "update", yTitle: "loss (nats)" });
  const path = join(target, `${name}.svg`);
  writeFileSync(
    `${path}.tmp`,
    `${chart.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace(">", `>${style}`)}\n`,
  );
  renameSync(`${path}.tmp`, path);
  console.log(`${name}: drawn`);
}
