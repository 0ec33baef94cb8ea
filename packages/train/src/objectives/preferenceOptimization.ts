// Learn from pairs of a better and a worse answer, without a reward model: DPO (Rafailov et al. 2023), with label smoothing as
// "conservative DPO" (Mitchell 2023). Formulas as in Hugging Face TRL.
import { cast, constant, greater, softplus, type Tensor, tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import type { DecoderModel } from "./decoderModel.ts";
import { randomness } from "./logitsObjective.ts";
import type { Objective } from "./objective.ts";
import { checkPadding, type PaddingOptions } from "./padding.ts";
import { answerLogProbabilities, checkPreference, type Preference, preferenceTensors } from "./preferences.ts";

export interface PreferenceOptions extends PaddingOptions {
  /**
   * The model that training starts from, run along in each step. Not needed where each preference has its
   * `referenceLogProbabilities`, which saves that (see `scorePreferences`).
   */
  readonly reference?: DecoderModel;
  /** How strongly the model is held to the reference. Default 0.1. */
  readonly beta?: number;
  /** Share of preferences taken to be the wrong way round. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Makes chosen answers more likely and rejected ones less, compared to the reference. Steps and evaluations tell `chosenReward`,
 * `rejectedReward`, their `margin` and the `accuracy`, the share of pairs whose chosen answer has the higher reward.
 *
 * @throws TrainError for an option that cannot be.
 */
export function preferenceOptimization(
  options: PreferenceOptions = {},
): Objective<DecoderModel, readonly Preference[]> {
  const { reference, beta = 0.1, labelSmoothing = 0 } = options;
  checkPadding("preferenceOptimization", options);
  if (!(beta > 0 && Number.isFinite(beta))) {
    throw new TrainError(`preferenceOptimization: beta must be a number above 0, got ${beta}`);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
    throw new TrainError(
      `preferenceOptimization: labelSmoothing must be at least 0 and below 0.5, got ${labelSmoothing}`,
    );
  }
  return {
    name: "preferenceOptimization",
    settings: { beta, labelSmoothing, reference: reference ? "model" : "preferences" },
    checkModel(model) {
      checkKind("preferenceOptimization", model, "decoder");
      const { config } = model;
      const size = reference?.config.vocabularySize;
      if (size === undefined || size === config.vocabularySize) return;
      throw new TrainError(
        `preferenceOptimization: the reference has a vocabulary of ${size}, the model of ${config.vocabularySize} (the reference is the model that training starts from)`,
      );
    },
    checkBatch(preferences, { config }) {
      for (const [i, preference] of examplesIn("preferenceOptimization", preferences)) {
        checkPreference(preference, config, i);
        if (reference) checkPreference(preference, reference.config, i);
        if (reference || preference.referenceLogProbabilities) continue;
        throw new TrainError(
          `preferenceOptimization: example ${i} has no referenceLogProbabilities (give a reference model, or add them with scorePreferences)`,
        );
      }
    },
    prepare(preferences, { config }) {
      const { inputs, tokens } = preferenceTensors(preferences, config, options);
      if (reference) return { inputs, tokens };
      const known = preferences.flatMap(({ referenceLogProbabilities }) => {
        const { chosen, rejected } = referenceLogProbabilities!;
        return [chosen, rejected];
      });
      const scores = tensor(Float32Array.from(known), { shape: [preferences.length, 2] });
      return { inputs: { ...inputs, reference: scores }, tokens };
    },
    loss(model, inputs, key) {
      const own = answerLogProbabilities(model, inputs, randomness(key));
      const base = inputs.reference ?? answerLogProbabilities(reference!, inputs);
      const [chosenReward, rejectedReward] = own.sub(base).mul(beta).split([1, 1]) as [Tensor, Tensor]; // [pairs, 1]
      const margin = chosenReward.sub(rejectedReward);
      const losses = softplus(margin.neg())
        .mul(1 - labelSmoothing)
        .add(softplus(margin).mul(labelSmoothing));
      const accuracy = cast(greater(margin, 0), "float32");
      const metrics = { chosenReward, rejectedReward, margin, accuracy };
      return {
        sum: losses.sum(),
        count: constant(own.shape[0] as number),
        metrics: Object.fromEntries(Object.entries(metrics).map(([name, values]) => [name, values.sum()])),
      };
    },
  };
}
