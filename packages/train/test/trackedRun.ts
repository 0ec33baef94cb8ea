// Events of a run that needs no model, for tests of trackers.
import type { EvaluationEvent, StepEvent } from "../src/events.ts";
import type { RunInformation } from "../src/trackers/tracker.ts";

export function stepEvent(step: number, loss = 10 - step): StepEvent {
  return {
    type: "step",
    step,
    steps: 100,
    loss,
    learningRate: 0.5,
    gradientNorm: 2,
    tokensPerSecond: 1000,
    secondsLeft: 60,
    dataWait: 0.25,
  };
}

export function evaluationEvent(step: number, loss = 1.5): EvaluationEvent {
  return { type: "evaluation", step, loss, metrics: { accuracy: 0.75 }, best: true };
}

/** A run that begins after `step` updates. */
export function runAt(step: number): RunInformation {
  const settings = { seed: 3, optimizer: { name: "adamw", beta1: 0.9 }, lossScaling: undefined, shuffled: true };
  return { step, steps: 100, parameters: 1000, settings };
}
