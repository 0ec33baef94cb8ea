// Parameter groups: another optimiser, other settings or another learning rate for some of the parameters, as one optimiser.
import { TrainError } from "./errors.ts";
import { describeNames } from "./optimizers/describeNames.ts";
import type { NamedTensors, Optimizer, OptimizerState, ParameterPredicate } from "./optimizers/optimizer.ts";
import { checkLimits } from "./optimizers/settingLimits.ts";

/** Parameters that an optimiser of their own updates. */
export interface ParameterGroup {
  /** Which parameters, by name; each belongs to the first group that takes it. Default all that are left. */
  readonly parameters?: RegExp | ParameterPredicate;
  readonly optimizer: Optimizer;
  /** What the schedule's learning rate is multiplied with. Default 1. */
  readonly learningRateScale?: number;
}

/**
 * An optimiser that hands each parameter to its group's. Parameters that are not to be trained at all are named by the `trains` option
 * of `Trainer`. Throws a `TrainError` for a scale below 0 and, once it sees the parameters, for one that no group takes.
 *
 * @example
 * const optimizer = parameterGroups([
 *   { parameters: /wte|wpe/, optimizer: adamW({ weightDecay: 0 }), learningRateScale: 0.1 },
 *   { optimizer: adamW() },
 * ]);
 */
export function parameterGroups(groups: readonly ParameterGroup[]): Optimizer {
  for (const [i, { learningRateScale = 1 }] of groups.entries()) {
    checkLimits("parameterGroups", { [`learningRateScale of group ${i}`]: [learningRateScale, Infinity] });
  }
  return {
    name: "parameterGroups",
    settings: (parameters) => ({
      groups: split(groups, parameters).map(({ optimizer, learningRateScale, names }) => ({
        parameters: describeNames(names),
        learningRateScale,
        optimizer: { name: optimizer.name, ...optimizer.settings(pick(parameters, names)) },
      })),
    }),
    initialState: (parameters) =>
      joinStates(
        split(groups, parameters).map(({ optimizer, names }) => optimizer.initialState(pick(parameters, names))),
      ),
    scalars: (step, learningRate) => {
      const entries = groups.flatMap(({ optimizer, learningRateScale = 1 }, i) =>
        Object.entries(optimizer.scalars(step, learningRate * learningRateScale)).map(
          ([name, value]) => [`${i}.${name}`, value] as const,
        ),
      );
      return Object.fromEntries(entries);
    },
    update: ({ parameters, gradients, state, scalars }) => {
      const results = split(groups, parameters).map(({ optimizer, names }, i) =>
        optimizer.update({
          parameters: pick(parameters, names),
          gradients: pick(gradients, names),
          state: Object.fromEntries(Object.entries(state).map(([kind, tensors]) => [kind, pick(tensors, names)])),
          scalars: scalarsOf(scalars, i),
        }),
      );
      const updated = Object.assign({}, ...results.map((result) => result.parameters)) as NamedTensors;
      return {
        // In the order that they came in: it is the order of the program's outputs.
        parameters: pick(updated, Object.keys(parameters)),
        state: joinStates(results.map((result) => result.state)),
      };
    },
  };
}

function split(groups: readonly ParameterGroup[], parameters: NamedTensors) {
  const taken = groups.map(({ optimizer, learningRateScale = 1 }) => ({
    optimizer,
    learningRateScale,
    names: [] as string[],
  }));
  for (const [name, parameter] of Object.entries(parameters)) {
    const group = groups.findIndex(({ parameters: which }) => {
      if (which instanceof RegExp) return name.search(which) >= 0;
      return which?.(name, parameter) ?? true;
    });
    if (group < 0) {
      throw new TrainError(
        `parameterGroups: no group takes ${name} (add a last group without \`parameters\`, or leave it out of the Trainer's \`trains\`)`,
      );
    }
    taken[group]!.names.push(name);
  }
  return taken;
}

/** The tensors of those names that there are. */
function pick(tensors: NamedTensors, names: readonly string[]): NamedTensors {
  return Object.fromEntries(names.flatMap((name) => (tensors[name] ? [[name, tensors[name]]] : [])));
}

function scalarsOf(scalars: NamedTensors, group: number): NamedTensors {
  const prefix = `${group}.`;
  const own = Object.entries(scalars).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Each kind of state of all groups together: a parameter is in one group only. */
function joinStates(states: readonly OptimizerState[]): OptimizerState {
  const joined: Record<string, NamedTensors> = {};
  for (const [kind, tensors] of states.flatMap((state) => Object.entries(state))) {
    joined[kind] = { ...joined[kind], ...tensors };
  }
  return joined;
}
