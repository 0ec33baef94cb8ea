// What an optimiser is: fresh state, the numbers of a step, and an update written in tensor ops that becomes part of the step's program.
import type { Tensor } from "@llm/tensor";

/** Tensors by the name of the parameter they belong to. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** For each kind of state (for example the first moment) one tensor per parameter that has it. */
export type OptimizerState = Readonly<Record<string, NamedTensors>>;

/** What an optimiser's update is given; all of it tensors under the parameters' names. */
export interface UpdateInput {
  readonly parameters: NamedTensors;
  readonly gradients: NamedTensors;
  readonly state: OptimizerState;
  /** The numbers of `scalars`, as float32 scalars. */
  readonly scalars: NamedTensors;
}

/**
 * An optimiser: fresh state, the numbers of a step, and an update in tensor ops that becomes part of the step's program. Made by `adamW` and
 * its like, or your own.
 */
export interface Optimizer {
  readonly name: string;
  /** Its settings as JSON, kept in checkpoints: a run may only be resumed with the same. What a function chose is told by `describeNames`. */
  settings(parameters: NamedTensors): Readonly<Record<string, unknown>>;
  initialState(parameters: NamedTensors): OptimizerState;
  /** Numbers that change from step to step, worked out in float64 on the host; `step` counts from 0. */
  scalars(step: number, learningRate: number): Readonly<Record<string, number>>;
  /** Kinds of state whose numbers are never negative: 8 bits then hold them more finely (`eightBitState`). Default none. */
  readonly neverNegative?: readonly string[];
  update(input: UpdateInput): { parameters: NamedTensors; state: OptimizerState };
}

/** Says whether a parameter is meant. */
export type ParameterPredicate = (name: string, parameter: Tensor) => boolean;

/** Applies `compute` to every entry. */
export function mapNamed(tensors: NamedTensors, compute: (tensor: Tensor, name: string) => Tensor): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, compute(tensor, name)]));
}

/** The entries that `keeps` chooses. */
export function filterNamed(tensors: NamedTensors, keeps: ParameterPredicate): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name, tensor]) => keeps(name, tensor)));
}
