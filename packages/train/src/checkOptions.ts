// What is wrong with the options of a training, told before it begins.
import { namedParameters, type PretrainedModel } from "@llm/model";
import { precisions } from "@llm/tensor";
import { earlyStoppingSettings } from "./earlyStopping.ts";
import { emaSettings } from "./ema.ts";
import { TrainError } from "./errors.ts";
import type { Objective } from "./objectives/objective.ts";
import type { TrainerOptions } from "./trainer.ts";

/** Throws what the objective finds wrong with the model, or with data that is in memory. */
export function checkObjective<Model extends PretrainedModel, B>(
  objective: Objective<Model, B>,
  { model, data, evaluation }: TrainerOptions<Model, B>,
): void {
  for (const stream of [data, evaluation?.data]) {
    if (!stream) continue;
    objective.checkModel?.(model, stream);
    for (const batch of stream.inMemory ?? []) objective.checkBatch?.(batch, model);
  }
}

/** Throws a `TrainError` that names the option that cannot work. */
export function checkOptions<Model extends PretrainedModel, B>(options: TrainerOptions<Model, B>): void {
  const {
    accumulation = 1,
    stepsPerRun = 1,
    gradientClipping = 1,
    seed = 0,
    learningRate = 0,
    evaluation,
    checkpoints,
    rollBack,
  } = options;
  checkParts(options);
  const counts = {
    steps: options.steps,
    accumulation,
    stepsPerRun,
    "evaluation.every": evaluation ? evaluation.every : 1,
    "evaluation.batches": evaluation?.batches === Number.POSITIVE_INFINITY ? 1 : (evaluation?.batches ?? 1),
    "checkpoints.every": checkpoints?.every ?? 1,
    "checkpoints.keep": checkpoints?.keep ?? 1,
    "rollBack.window": rollBack?.window ?? 1,
    "rollBack.limit": rollBack?.limit ?? 1,
    "lossScaling.growthInterval": options.lossScaling?.growthInterval ?? 1,
  };
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isSafeInteger(value) && value > 0)) refuse(`${name} must be a whole number above 0, got ${value}`);
  }
  const limit = typeof gradientClipping === "object" ? gradientClipping.value : gradientClipping;
  if (limit !== false && !(limit > 0)) refuse(`gradientClipping must be above 0, or false for none, got ${limit}`);
  checkPrecision(options);
  if (!Number.isSafeInteger(seed)) refuse(`seed must be a whole number, got ${seed}`);
  const isRate = typeof learningRate !== "number" || (learningRate >= 0 && Number.isFinite(learningRate));
  if (!isRate || (typeof learningRate !== "number" && typeof learningRate?.rateAt !== "function")) {
    refuse(`learningRate must be a number, at least 0, or a schedule, got ${learningRate}`);
  }
  checkWatching(options);
  const { prefetch = 1 } = options;
  if (!(Number.isSafeInteger(prefetch) && prefetch >= 0)) {
    refuse(`prefetch must be a whole number, at least 0, got ${prefetch}`);
  }
  if (evaluation?.data === options.data) {
    refuse("evaluation.data must be a stream of its own: evaluating goes back to its start each time");
  }
  if (options.ema) emaSettings(options.ema);
  if (options.earlyStopping) {
    earlyStoppingSettings(options.earlyStopping);
    if (!evaluation) refuse("earlyStopping needs evaluations to go by (add evaluation)");
  }
  checkTrained(options);
}

/** What the rest of the checks, and the run, take for granted. */
function checkParts<Model extends PretrainedModel, B>(options: TrainerOptions<Model, B>): void {
  const { model, data, evaluation, checkpoints, objective, optimizer, trackers = [], callbacks = [] } = options;
  if (typeof model?.toConfigJson !== "function")
    refuse(`model must be a model of @llm/model, or one like them, got ${typeof model}`);
  const streams = { data, ...(evaluation && { "evaluation.data": evaluation.data }) };
  for (const [name, stream] of Object.entries(streams)) {
    if (typeof stream?.next === "function" && typeof stream.seek === "function") continue;
    refuse(
      `${name} must be a stream of batches (dataset.batches, exampleBatches or mixBatches of @llm/data), got ${typeof stream}`,
    );
  }
  if (checkpoints && !(typeof checkpoints.folder === "string" && checkpoints.folder)) {
    refuse(`checkpoints.folder must be a path, got ${checkpoints.folder}`);
  }
  if (objective && typeof objective.prepare !== "function")
    refuse("objective must be an objective (call the function that makes it)");
  if (optimizer && typeof optimizer.update !== "function")
    refuse("optimizer must be an optimizer (call the function that makes it)");
  for (const [name, list] of Object.entries({ trackers, callbacks })) {
    if (!Array.isArray(list)) refuse(`${name} must be an array, got ${typeof list}`);
  }
}

function checkWatching<Model extends PretrainedModel, B>({
  checkpoints,
  evaluation,
  rollBack,
}: TrainerOptions<Model, B>): void {
  const { best } = checkpoints ?? {};
  if (best && !evaluation) refuse("checkpoints.best needs evaluations to go by (add evaluation)");
  if (best && best.mode !== "min" && best.mode !== "max") {
    refuse(`checkpoints.best.mode must be "min" or "max", got ${JSON.stringify(best.mode)}`);
  }
  if (!rollBack) return;
  if (!checkpoints) refuse("rollBack needs checkpoints to go back to (add checkpoints)");
  const { lossThreshold = 1, gradientNormThreshold = 1 } = rollBack;
  for (const [name, value] of Object.entries({ lossThreshold, gradientNormThreshold })) {
    if (!(value > 0)) refuse(`rollBack.${name} must be above 0, or Infinity for none, got ${value}`);
  }
}

function checkPrecision<Model extends PretrainedModel, B>({
  precision = "float32",
  lossScaling,
}: TrainerOptions<Model, B>): void {
  if (!precisions.includes(precision)) refuse(`precision must be one of ${precisions.join(", ")}, got ${precision}`);
  if (lossScaling && precision !== "float16") refuse(`lossScaling is for precision float16, got ${precision}`);
  if (!((lossScaling?.initialScale ?? 1) >= 1 && Number.isFinite(lossScaling?.initialScale ?? 1))) {
    refuse(`lossScaling.initialScale must be a number of at least 1, got ${lossScaling?.initialScale}`);
  }
}

function checkTrained<Model extends PretrainedModel, B>({ model, trains }: TrainerOptions<Model, B>): void {
  const parameters = [...namedParameters(model)];
  const trained = parameters.filter(([name, parameter]) => trains?.(name, parameter) ?? true);
  if (trained.length === 0) refuse(`trains chooses none of the parameters (${parameters[0]?.[0]}, …)`);
  for (const [name, { dtype }] of trained) {
    if (dtype !== "float32")
      refuse(`only float32 parameters can be trained, ${name} is ${dtype} (leave it out of \`trains\`)`);
  }
}

function refuse(reason: string): never {
  throw new TrainError(`Trainer: ${reason}`);
}
