// What the tests of objectives share: expected values, small models of the fixtures, and one loss through an objective.
import { readFile } from "node:fs/promises";
import { type CausalLanguageModel, loadModel, type ModelClass, type PretrainedModel } from "@llm/model";
import { compile, type Tensor } from "@llm/tensor";
import type { Objective } from "../src/objectives/objective.ts";
import type { NamedTensors } from "../src/optimizers/optimizer.ts";

/** Expected values that tools/fixtures/objectives.py wrote. */
export async function expectedValues<T>(name: "losses" | "spans" | "scores"): Promise<T> {
  const url = new URL(`../src/objectives/__fixtures__/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(url, "utf8"));
}

const folderOf = (name: string) => new URL(`../../model/src/__fixtures__/${name}/`, import.meta.url).pathname;

/** A small random model that transformers saved. */
export function fixtureModel<M extends PretrainedModel>(name: string, kind: ModelClass<M>): Promise<M> {
  return loadModel(folderOf(name), kind);
}

/** A small random decoder that transformers saved. */
export function fixtureDecoder(name: string): Promise<CausalLanguageModel> {
  return loadModel(folderOf(name));
}

/** Mean loss and metrics of one batch, as an evaluation computes them. */
export async function lossOf<Model extends PretrainedModel, B>(
  objective: Objective<Model, B>,
  model: Model,
  batch: B,
): Promise<{ loss: number; count: number; metrics: Record<string, number> }> {
  objective.checkModel?.(model);
  objective.checkBatch?.(batch, model);
  return lossOfInputs(objective, model, objective.prepare(batch, model, { seed: 1, place: "test" }).inputs);
}

/** The same of inputs that are prepared. */
export async function lossOfInputs<Model extends PretrainedModel, B>(
  objective: Objective<Model, B>,
  model: Model,
  inputs: NamedTensors,
): Promise<{ loss: number; count: number; metrics: Record<string, number> }> {
  using run = compile((model: Model, inputs: NamedTensors) => {
    const { sum, count, metrics = {} } = objective.loss(model, inputs);
    return { sum, count, metrics };
  });
  const { sum, count, metrics } = await run(model, inputs);
  const total = await count.item();
  const means = Object.entries(metrics).map(async ([name, value]: [string, Tensor]) => {
    return [name, (await value.item()) / total] as const;
  });
  return { loss: (await sum.item()) / total, count: total, metrics: Object.fromEntries(await Promise.all(means)) };
}

/** How far a value is from the reference's, relative to it. */
export function relativeError(actual: number, expected: number): number {
  return Math.abs(actual / expected - 1);
}
