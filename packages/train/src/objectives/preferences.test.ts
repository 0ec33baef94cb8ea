import { Gpt } from "@llm/model";
import { referenceExecutor, setDefaultExecutor } from "@llm/tensor";
import { expect, it } from "vitest";
import { type PreferenceOptions, preferenceOptimization } from "./preferenceOptimization.ts";
import { type Preference, preferenceTensors, scorePreferences } from "./preferences.ts";

setDefaultExecutor(referenceExecutor());
const sizes = { vocabularySize: 24, contextLength: 8, layers: 1, heads: 1, width: 4 };
const model = new Gpt(sizes);
const pair: Preference = { promptIds: [3, 4], chosenIds: [5, 6], rejectedIds: Uint32Array.of(7) };

it("puts both answers after the prompt, with labels on the answers", async () => {
  const { inputs, tokens } = preferenceTensors([pair, { ...pair, promptIds: [] }], sizes, { padToMultipleOf: 1 });
  expect(tokens).toBe(4 + 2 + 3 + 1);
  const rows = async (name: "inputIds" | "labels") => Array.from(await inputs[name].data(), Number);
  expect(inputs.labels.shape).toEqual([2, 2, 4]);
  expect(await rows("inputIds")).toEqual([3, 4, 5, 6, 3, 4, 7, 0, 5, 6, 0, 0, 7, 0, 0, 0]);
  expect(await rows("labels")).toEqual(
    [
      [-100, 5, 6, -100],
      [-100, 7, -100, -100],
      [6, -100, -100, -100],
      [-100, -100, -100, -100],
    ].flat(),
  );
});

it("names what cannot be", async () => {
  const make = (options: PreferenceOptions) => () => preferenceOptimization(options);
  expect(make({ beta: 0 })).toThrow("preferenceOptimization: beta must be a number above 0, got 0");
  expect(make({ labelSmoothing: 0.5 })).toThrow("labelSmoothing must be at least 0 and below 0.5, got 0.5");
  const check =
    (preference: Preference, options: PreferenceOptions = { reference: model }) =>
    () =>
      preferenceOptimization(options).checkBatch!([preference], model);
  expect(check(pair, {})).toThrow(
    "example 0 has no referenceLogProbabilities (give a reference model, or add them with scorePreferences)",
  );
  expect(check({ ...pair, chosenIds: [24] })).toThrow("chosenIds of example 0 has id 24");
  expect(check({ ...pair, promptIds: [-1] })).toThrow("promptIds of example 0 has id -1");
  expect(check({ ...pair, rejectedIds: [] })).toThrow("example 0 has 0 tokens");
  expect(check({ ...pair, rejectedIds: [3, 3, 3, 3, 3, 3, 3] })).toThrow(
    "example 0 has 9 tokens, the model's context holds 1 to 8",
  );
  expect(check(pair, { reference: new Gpt({ ...sizes, contextLength: 3 }) })).toThrow(
    "example 0 has 4 tokens, the model's context holds 1 to 3",
  );
  expect(check(pair)).not.toThrow();
  const larger = new Gpt({ ...sizes, vocabularySize: 30 });
  expect(() => preferenceOptimization({ reference: larger }).checkModel!(model)).toThrow(
    "preferenceOptimization: the reference has a vocabulary of 30, the model of 24",
  );
  await expect(scorePreferences(model, [pair, { ...pair, chosenIds: [99] }])).rejects.toThrow("chosenIds of example 1");
});
