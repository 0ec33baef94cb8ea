// Checks that a model and its batches are of the kind that an objective is for: types say so too, but not to those who write JavaScript.
import type { PretrainedModel } from "@llm/model";
import { TrainError } from "../errors.ts";

/** What tells a kind of model from the others. */
const kinds = {
  decoder: {
    is: (model: object) => has(model, "forward") && hasSizes(model) && !has(model, "shiftRight") && !hasLabels(model),
    description:
      "a decoder (Gpt, Llama, or one of your own with config.vocabularySize, config.contextLength and forward)",
  },
  encoder: {
    is: hasLabels,
    description: "an encoder with the head for it (one of the BertFor… classes)",
  },
  "encoder-decoder": { is: (model: object) => has(model, "shiftRight"), description: "an encoder-decoder (T5)" },
};

interface HasConfig {
  readonly config?: { readonly labels?: unknown; readonly vocabularySize?: unknown; readonly contextLength?: unknown };
}

function hasLabels(model: object): boolean {
  return Array.isArray((model as HasConfig).config?.labels);
}

function hasSizes(model: object): boolean {
  const { vocabularySize, contextLength } = (model as HasConfig).config ?? {};
  return typeof vocabularySize === "number" && typeof contextLength === "number";
}

function has(model: object, method: string): boolean {
  return method in model && typeof (model as Record<string, unknown>)[method] === "function";
}

/** Throws a `TrainError` for a model of another kind. */
export function checkKind(objective: string, model: PretrainedModel, kind: keyof typeof kinds): void {
  const { is, description } = kinds[kind];
  if (is(model)) return;
  throw new TrainError(`${objective}: the model must be ${description}, got ${model.constructor.name}`);
}

/** The examples of a batch with their numbers. Throws a `TrainError` for a batch of something else. */
export function examplesIn<E>(objective: string, batch: readonly E[]): IterableIterator<[number, E]> {
  if (Array.isArray(batch)) return batch.entries();
  throw new TrainError(
    `${objective}: a batch must be an array of examples (exampleBatches of @llm/data makes them), got ${Object.keys(batch).join(", ")}`,
  );
}
