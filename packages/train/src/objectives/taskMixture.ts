// Several tasks for one model, each with an objective of its own.
import type { TaskBatch } from "@llm/data";
import type { PretrainedModel } from "@llm/model";
import { TrainError } from "../errors.ts";
import type { NamedTensors } from "../optimizers/optimizer.ts";
import type { Objective, Scorer } from "./objective.ts";

/** The objective of each task by name. */
export type TaskObjectives<Model extends PretrainedModel, Tasks extends Readonly<Record<string, unknown>>> = {
  readonly [Name in keyof Tasks & string]: Objective<Model, Tasks[Name]>;
};

/**
 * Trains each batch of `mixBatches` by the objective of its task. Steps and evaluations tell each task's `loss` and metrics, with the
 * task's name before them: `translate.loss`, `translate.accuracy`. Tasks that share one objective value share a program.
 *
 * @example
 * const objective = taskMixture({ translate: sequenceToSequence(), pretrain: spanCorruption({ tokenizer }) });
 */
export function taskMixture<Model extends PretrainedModel, Tasks extends Readonly<Record<string, unknown>>>(
  objectives: TaskObjectives<Model, Tasks>,
): Objective<Model, TaskBatch<Tasks>> {
  const tasks = new Map<string, Objective<Model, unknown>>(Object.entries(objectives));
  if (tasks.size === 0) throw new TrainError("taskMixture: expected at least one task, got none");
  const distinct = [...new Set(tasks.values())];
  const ofTask = (task: string): Objective<Model, unknown> => {
    const objective = tasks.get(task);
    if (objective) return objective;
    throw new TrainError(
      `taskMixture: a batch is of task "${task}", there are ${[...tasks.keys()].join(", ")} (give it an objective)`,
    );
  };
  return {
    name: "taskMixture",
    settings: {
      tasks: Object.fromEntries([...tasks].map(([task, { name, settings }]) => [task, { name, ...settings }] as const)),
    },
    checkModel(model) {
      for (const objective of distinct) objective.checkModel?.(model);
    },
    checkBatch({ task, batch }, model) {
      inTask(task, () => ofTask(task).checkBatch?.(batch, model));
    },
    prepare({ task, batch }, model, draw) {
      const objective = ofTask(task);
      const { inputs, tokens } = objective.prepare(batch, model, draw);
      // The names say by which objective: the program depends on nothing else.
      return { inputs: withPrefix(inputs, `${distinct.indexOf(objective)}.`), tokens, task };
    },
    loss(model, inputs, key) {
      const prefix = `${Object.keys(inputs)[0]!.split(".", 1)[0]}.`;
      const loss = distinct[Number.parseInt(prefix, 10)]!.loss(model, withoutPrefix(inputs, prefix), key);
      return { ...loss, metrics: { loss: loss.sum, ...loss.metrics } };
    },
    scorer: () => tasksScorer(tasks),
  };
}

function inTask(task: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new TrainError(`task "${task}": ${(error as Error).message}`, { cause: error });
  }
}

function withPrefix(inputs: NamedTensors, prefix: string): NamedTensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [prefix + name, value]));
}

function withoutPrefix(inputs: NamedTensors, prefix: string): NamedTensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Hands each batch to the scorer of its task, where there is one. */
function tasksScorer<Tasks extends Readonly<Record<string, unknown>>>(
  tasks: ReadonlyMap<string, Pick<Objective<PretrainedModel, unknown>, "scorer">>,
): Scorer<TaskBatch<Tasks>> {
  const scorers = new Map<string, Scorer<unknown>>();
  return {
    add({ task, batch }, predictions) {
      const scorer = scorers.get(task) ?? tasks.get(task)?.scorer?.();
      if (!scorer) return;
      scorers.set(task, scorer);
      scorer.add(batch, predictions);
    },
    result: () =>
      Object.fromEntries(
        [...scorers].flatMap(([task, scorer]) =>
          Object.entries(scorer.result()).map(([name, value]) => [`${task}.${name}`, value] as const),
        ),
      ),
  };
}
