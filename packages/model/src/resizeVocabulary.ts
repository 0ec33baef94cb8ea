// More tokens for a trained model, or fewer: for a tokenizer that was given new ones, such as the marks of a chat.
import { compile, concat, constant, flattenTensors, mapTensors, type Tensor } from "@llm/tensor";
import { adapterConfig } from "./adapters/adapterConfig.ts";
import { ModelError } from "./errors.ts";
import type { PretrainedModel } from "./model.ts";
import { replaceParts } from "./replaceParts.ts";

interface Resizable extends PretrainedModel {
  readonly config: { readonly vocabularySize: number };
}

/**
 * The model with another number of tokens; the given one stays as it is and its other parameters are shared. What is known of the first
 * tokens stays. New ones begin with the mean of the old, so that none is likelier than the rest (Hewitt 2021), as after
 * transformers' `resize_token_embeddings`.
 * @throws ModelError for a size that is no whole number above 0, or cuts off a token the configuration names; for a model with an adapter.
 *
 * @example
 * const larger = await resizeVocabulary(model, tokenizer.vocabularySize);
 */
export async function resizeVocabulary<M extends Resizable>(model: M, vocabularySize: number): Promise<M> {
  if (adapterConfig(model)) {
    throw new ModelError(
      "resizeVocabulary: the model has an adapter (resize it before applyLora, or use mergeAdapter)",
    );
  }
  const { config } = model;
  const Model = model.constructor as new (options: object, fresh: { initialization: "empty" }) => M;
  const wanted = new Model({ ...config, vocabularySize }, { initialization: "empty" });
  const shapes = new Map(flattenTensors(wanted).map(({ path, tensor }) => [path, String(tensor.shape)]));
  const tables = flattenTensors(model).filter(({ path, tensor }) => {
    return shapes.has(path) && shapes.get(path) !== String(tensor.shape);
  });
  using resize = compile((tables: readonly Tensor[]) => tables.map((table) => withRows(table, vocabularySize)));
  const resized = await resize(tables.map(({ tensor }) => tensor));
  const byPath = new Map(tables.map(({ path }, i) => [path, resized[i]!]));
  const described = replaceParts(model, (part) => (part === config ? wanted.config : undefined));
  return mapTensors(described, (tensor, path) => byPath.get(path) ?? tensor);
}

/** The first `count` rows; rows that are not there are the mean of those that are, or 0 in a bias. */
function withRows(table: Tensor, count: number): Tensor {
  const [rows, ...others] = table.shape as readonly number[];
  if (count <= rows!) return table.slice(0, 0, count);
  const added = others.length > 0 ? table.mean(0, { keepDimensions: true }) : constant(0);
  return concat([table, added.broadcastTo([count - rows!, ...others])], 0);
}
