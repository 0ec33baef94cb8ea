// Pairs of a better and a worse answer as tensors, and how likely a model finds each answer.
import type { ForwardOptions } from "@llm/model";
import { compile, type Executor, type Tensor, tensor } from "@llm/tensor";
import type { NamedTensors } from "../optimizers/optimizer.ts";
import { disposeTensors } from "../trainState.ts";
import { checkExampleLength, checkIds, lengthOf } from "./checkIds.ts";
import type { DecoderModel } from "./decoderModel.ts";
import { type PaddingOptions, paddedLength, paddedRows, tokensIn } from "./padding.ts";
import { ignoreIndex } from "./targets.ts";

/** What was asked, and two answers, as tokens; an answer ends with the token that ends a turn. */
export interface Preference {
  readonly promptIds: ArrayLike<number>;
  readonly chosenIds: ArrayLike<number>;
  readonly rejectedIds: ArrayLike<number>;
  /** How likely the reference finds the answers: sums of log-probabilities in nats. */
  readonly referenceLogProbabilities?: { readonly chosen: number; readonly rejected: number };
}

const answers = ["chosenIds", "rejectedIds"] as const;

/** Throws a `TrainError` for a pair that the model cannot take. */
export function checkPreference(preference: Preference, limits: DecoderModel["config"], example: number): void {
  const prompt = lengthOf("promptIds", preference.promptIds, example);
  checkIds("promptIds", preference.promptIds, limits.vocabularySize, { example });
  for (const name of answers) {
    const answer = lengthOf(name, preference[name], example);
    checkIds(name, preference[name], limits.vocabularySize, { example });
    checkExampleLength(answer && prompt + answer, limits.contextLength, example);
  }
}

/** inputIds and labels, int32 [pairs, 2, length]: of each pair the chosen answer, then the rejected one, both after the prompt. */
export function preferenceTensors(
  preferences: readonly Preference[],
  { contextLength }: Pick<DecoderModel["config"], "contextLength">,
  padding: PaddingOptions,
): { inputs: { inputIds: Tensor; labels: Tensor }; tokens: number } {
  const rows = preferences.flatMap((preference) => answers.map((name) => withPrompt(preference, name)));
  const ids = rows.map((row) => row.ids);
  const labels = rows.map((row) => row.labels);
  const length = paddedLength(ids, padding, contextLength);
  const shape = [preferences.length, 2, length];
  return {
    inputs: {
      inputIds: tensor(paddedRows(ids, length, 0), { shape }),
      labels: tensor(paddedRows(labels, length, ignoreIndex), { shape }),
    },
    tokens: tokensIn(ids),
  };
}

/** Prompt and answer, and at each place the token after it where that is the answer's. */
function withPrompt(preference: Preference, name: (typeof answers)[number]): { ids: number[]; labels: number[] } {
  const ids = [...Array.from(preference.promptIds), ...Array.from(preference[name])];
  const isAnswer = (i: number) => i >= preference.promptIds.length && i < ids.length;
  return { ids, labels: ids.map((_, i) => (isAnswer(i + 1) ? ids[i + 1]! : ignoreIndex)) };
}

/** Log-probability (nats) of the labels of each answer: [pairs, 2]. */
export function answerLogProbabilities(
  model: DecoderModel,
  { inputIds, labels }: NamedTensors,
  options: ForwardOptions = {},
): Tensor {
  const [pairs, , length] = inputIds!.shape as readonly number[];
  const rows = (x: Tensor) => x.reshape([2 * pairs!, length!]);
  const losses = model
    .forward(rows(inputIds!), options)
    .crossEntropy(rows(labels!), { reduction: "none", ignoreIndex });
  return losses.sum(-1).neg().reshape([pairs!, 2]);
}

/**
 * The preferences with what the reference thinks of them, so that training need not run it.
 *
 * @example
 * const scored = await scorePreferences(model, preferences);
 * const data = exampleBatches(scored, { batchSize: 8 });
 */
export async function scorePreferences<P extends Preference>(
  reference: DecoderModel,
  preferences: readonly P[],
  { batchSize = 8, executor, ...padding }: PaddingOptions & { batchSize?: number; executor?: Executor } = {},
): Promise<(P & Required<Preference>)[]> {
  using score = compile((model: DecoderModel, inputs: NamedTensors) => answerLogProbabilities(model, inputs), {
    constants: [0],
    ...(executor && { executor }),
  });
  for (const [i, preference] of preferences.entries()) checkPreference(preference, reference.config, i);
  const scored: (P & Required<Preference>)[] = [];
  for (let from = 0; from < preferences.length; from += batchSize) {
    const batch = preferences.slice(from, from + batchSize);
    const { inputs } = preferenceTensors(batch, reference.config, padding);
    const result = await score(reference, inputs);
    const values = (await result.data()) as Float32Array;
    disposeTensors([inputs, result]);
    scored.push(
      ...batch.map((preference, i) => ({
        ...preference,
        referenceLogProbabilities: { chosen: values[2 * i]!, rejected: values[2 * i + 1]! },
      })),
    );
  }
  return scored;
}
