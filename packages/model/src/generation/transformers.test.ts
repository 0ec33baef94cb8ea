// Sequences and scores of every checkpoint beside those of transformers (tools/fixtures/generation.py), with the cache and without.
import { readFile } from "node:fs/promises";
import { onnxExecutor } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadModel } from "../checkpoint.ts";
import { TextGenerator } from "../generate.ts";
import { T5 } from "../models/t5.ts";
import { logitsProcessors, samplingProcessors } from "./logitsProcessors.ts";
import { logSumExp } from "./logprobs.ts";
import type { BatchOptions } from "./options.ts";
import type { Generation } from "./sequences.ts";

interface Case {
  readonly checkpoint: string;
  readonly prompts: readonly (readonly number[])[];
  readonly options: BatchOptions;
  readonly sequences: readonly { ids: readonly number[]; finishReason: string; score?: number }[];
}

const fixture = async (name: string) =>
  JSON.parse(await readFile(new URL(`./__fixtures__/${name}`, import.meta.url), "utf8"));
const cases = (await fixture("generated.json")) as Case[];
const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

async function load(name: string) {
  const folder = new URL(`../__fixtures__/${name}`, import.meta.url).pathname;
  return name.startsWith("t5") ? await loadModel(folder, T5) : await loadModel(folder);
}

function compare(found: readonly Generation[], { prompts, sequences }: Case): void {
  const perPrompt = sequences.length / prompts.length;
  expect(found.map(({ ids, finishReason }) => ({ ids, finishReason }))).toEqual(
    sequences.map(({ ids, finishReason }) => ({ ids, finishReason })),
  );
  expect(found.map(({ prompt }) => prompt)).toEqual(sequences.map((_, i) => Math.floor(i / perPrompt)));
  for (const [i, { score }] of sequences.entries()) {
    if (score !== undefined) expect(Math.abs(found[i]!.score! - score)).toBeLessThan(1e-5 * (1 + Math.abs(score)));
  }
}

for (const name of new Set(cases.map(({ checkpoint }) => checkpoint))) {
  describe(name, async () => {
    const model = await load(name);
    const generator = new TextGenerator(model, { executor });
    const naive = new TextGenerator(model, { executor, cache: false });
    afterAll(() => {
      generator.dispose();
      naive.dispose();
    });

    it.each(cases.filter(({ checkpoint }) => checkpoint === name).map((each) => [each.options, each] as const))(
      "as transformers: %o",
      async (options, each) => {
        const settings = { ...options, ...(options.beams ? {} : { temperature: 0 }) };
        compare(await generator.generateBatch(each.prompts, settings), each);
        compare(await naive.generateBatch(each.prompts, settings), each);
        const [prompt] = each.prompts;
        const perPrompt = each.sequences.length / each.prompts.length;
        const alone = { ...each, prompts: [prompt!], sequences: each.sequences.slice(0, perPrompt) };
        compare(await generator.generateBatch([prompt!], settings), alone);
      },
    );
  });
}

describe("logits processors", async () => {
  const { ids, logits, cases } = (await fixture("processed.json")) as {
    ids: number[][];
    logits: number[][];
    cases: { options: BatchOptions; logprobs: (number | null)[][] }[];
  };
  it.each(cases.map((each) => [each.options, each.logprobs] as const))(
    "leave what transformers leaves: %o",
    (options, expected) => {
      for (const [row, wanted] of expected.entries()) {
        const scores = Float32Array.from(logits[row]!);
        for (const process of [...logitsProcessors(options), ...samplingProcessors(options)]) {
          process(scores, { ids: ids[row]!, promptLength: 3 });
        }
        const total = logSumExp(scores);
        for (const [id, logprob] of wanted.entries()) {
          if (logprob === null) expect(scores[id], `token ${id}`).toBe(Number.NEGATIVE_INFINITY);
          else expect(Math.abs(scores[id]! - total - logprob), `token ${id}`).toBeLessThan(1e-5);
        }
      }
    },
  );
});
