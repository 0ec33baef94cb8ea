// Checkpoints: a model folder plus the optimiser's state and the place in the run, written under a temporary name and renamed, so
// that a folder called step-… is always whole.
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { BatchPosition } from "@llm/data";
import { loadWeights, type PretrainedModel, saveModel } from "@llm/model";
import { tensor } from "@llm/tensor";
import { openSafetensors, type SafetensorsFile, writeSafetensors } from "@llm/tensor/safetensors";
import type { EarlyStoppingState } from "./earlyStopping.ts";
import { TrainError } from "./errors.ts";
import type { BestEvaluation } from "./events.ts";
import { filterNamed, type NamedTensors } from "./optimizers/optimizer.ts";
import type { RollBackState } from "./rollBack.ts";
import { parametersOf, type TrainState, withParameters } from "./trainState.ts";

/** Where a run stands, beside its tensors. */
export interface RunPosition {
  /** Updates made. */
  readonly step: number;
  /** The next batch. */
  readonly data: BatchPosition;
  /** Best evaluation so far. */
  readonly best: BestEvaluation | undefined;
  /** Only of a run that rolls back. */
  readonly rollBack?: RollBackState;
  /** Only of a run that may stop early. */
  readonly earlyStopping?: EarlyStoppingState;
  /** What must be the same when the run goes on: optimiser, seed, accumulation and so on. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const stepFolder = /^step-(\d+)$/;
const leftover = /^\.step-\d+\..*\.tmp$/;
const stateFile = "trainer_state.json";
const optimizerFile = "optimizer.safetensors";
const lossScalingKind = "lossScaling";
/** A model folder inside the checkpoint: the moving average of the weights. */
const averageFolder = "averaged";

/** Path of the checkpoint of a step, whether it exists or not. */
export function checkpointPath(folder: string, step: number): string {
  return join(folder, `step-${String(step).padStart(8, "0")}`);
}

/** Steps of the whole checkpoints in a folder, ascending. */
export async function listCheckpoints(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .flatMap((name) => (stepFolder.test(name) ? [Number(stepFolder.exec(name)![1])] : []))
    .sort((a, b) => a - b);
}

/**
 * Path of the newest checkpoint (`"last"`) or the one with the best evaluation (`"best"`), by what `checkpoints.best` says; undefined where there is none.
 */
export async function findCheckpoint(folder: string, which: "last" | "best"): Promise<string | undefined> {
  const steps = await listCheckpoints(folder);
  const last = steps.at(-1);
  if (last === undefined || which === "last") return last === undefined ? undefined : checkpointPath(folder, last);
  const { best } = await readPosition(checkpointPath(folder, last));
  return best && steps.includes(best.step) ? checkpointPath(folder, best.step) : undefined;
}

/** Makes the folder where it is missing and sees that it can be written, rather than find out when there is something to lose. */
export async function prepareFolder(folder: string): Promise<void> {
  const probe = temporaryPath(checkpointPath(folder, 0));
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, "");
    await rm(probe);
  } catch (error) {
    throw new TrainError(
      `Trainer: checkpoints.folder ${folder} cannot be written: ${(error as Error).message} (choose another folder, or change whose it is)`,
      { cause: error },
    );
  }
}

/** Writes a checkpoint and then removes those that are neither among the newest `keep` nor the best. Returns its path. */
export async function saveCheckpoint(
  folder: string,
  state: TrainState<PretrainedModel>,
  position: RunPosition,
  keep: number,
): Promise<string> {
  const path = checkpointPath(folder, position.step);
  const temporary = temporaryPath(path);
  try {
    await removeLeftovers(folder);
    await mkdir(temporary);
    await saveModel(state.model, temporary);
    if (state.average) {
      await saveModel(withParameters(state.model, state.average), join(temporary, averageFolder));
      await syncFolder(join(temporary, averageFolder));
    }
    await writeSafetensors(join(temporary, optimizerFile), stateEntries(state));
    await writeFile(join(temporary, stateFile), `${JSON.stringify(position, undefined, 2)}\n`, { flush: true });
    await syncFolder(temporary);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    const last = await findCheckpoint(folder, "last").catch(() => undefined);
    throw new TrainError(
      `checkpoint of step ${position.step} could not be written to ${path}: ${(error as Error).message}; last good checkpoint: ${last ?? "none"}`,
      { cause: error },
    );
  }
  const steps = await listCheckpoints(folder);
  for (const step of steps.slice(0, -keep)) {
    if (step !== position.best?.step) await removeCheckpoint(folder, step);
  }
  return path;
}

/** Takes it out of the list first: a checkpoint that is half removed must not pass for one. */
async function removeCheckpoint(folder: string, step: number): Promise<void> {
  const path = checkpointPath(folder, step);
  const temporary = temporaryPath(path);
  await rename(path, temporary);
  await rm(temporary, { recursive: true, force: true });
}

/** Removes the checkpoints of the steps after `step`, the newest first: at every moment the newest that is there is whole. */
export async function removeCheckpointsAfter(folder: string, step: number): Promise<void> {
  const later = (await listCheckpoints(folder)).filter((saved) => saved > step);
  for (const saved of later.reverse()) await removeCheckpoint(folder, saved);
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
}

/** Removes what a killed run left behind under temporary names, before a new checkpoint needs the room. */
async function removeLeftovers(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (leftover.test(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function* stateEntries({ optimizer, lossScaling }: TrainState<PretrainedModel>) {
  const kinds = lossScaling ? { ...optimizer, [lossScalingKind]: lossScaling } : optimizer;
  for (const [kind, tensors] of Object.entries(kinds)) {
    for (const [name, value] of Object.entries(tensors)) {
      const shape = value.shape as readonly number[];
      yield [`${kind}.${name}`, { dtype: value.dtype, shape, data: () => value.data() }] as const;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where the run stood when a checkpoint was written. */
export async function readPosition(path: string): Promise<RunPosition> {
  const file = join(path, stateFile);
  let position: Partial<RunPosition> | null;
  try {
    position = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new TrainError(`checkpoint: ${file} cannot be read: ${(error as Error).message} (remove ${path})`, {
      cause: error,
    });
  }
  if (!Number.isSafeInteger(position?.step) || !position?.data || !position.settings) {
    throw new TrainError(`checkpoint: ${file} has no step, data and settings (remove ${path})`);
  }
  return position as RunPosition;
}

/**
 * Reads a checkpoint's weights and the rest of its state. `initial` (the state a run starts with) says which tensors there must be;
 * their elements are not used.
 */
export async function loadState<Model extends PretrainedModel>(
  path: string,
  initial: TrainState<Model>,
): Promise<TrainState<Model>> {
  const model = await loadWeights(initial.model, path);
  await using file = await openOptimizerFile(path);
  const load = async (kind: string, expected: NamedTensors): Promise<NamedTensors> => {
    const loaded: Record<string, NamedTensors[string]> = {};
    for (const [name, { shape }] of Object.entries(expected)) {
      const stored = `${kind}.${name}`;
      if (!file.has(stored) || String(file.entry(stored).shape) !== String(shape)) {
        throw new TrainError(
          `checkpoint: ${file.path} has no ${stored} of shape [${shape}] (was it written by another optimiser?)`,
        );
      }
      const { dtype, data } = await file.read(stored);
      loaded[name] = tensor(data, { dtype, shape: shape as readonly number[] });
    }
    return loaded;
  };
  const optimizer: Record<string, NamedTensors> = {};
  for (const [kind, expected] of Object.entries(initial.optimizer)) optimizer[kind] = await load(kind, expected);
  const { average, lossScaling } = initial;
  return {
    model,
    optimizer,
    ...(average && { average: await loadAverage(path, initial.model, average) }),
    ...(lossScaling && { lossScaling: await load(lossScalingKind, lossScaling) }),
  };
}

async function loadAverage(path: string, model: PretrainedModel, expected: NamedTensors): Promise<NamedTensors> {
  const averaged = parametersOf(await loadWeights(model, join(path, averageFolder)));
  return filterNamed(averaged, (name) => name in expected);
}

async function openOptimizerFile(path: string): Promise<SafetensorsFile> {
  const file = join(path, optimizerFile);
  try {
    return await openSafetensors(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new TrainError(`checkpoint: ${file} is missing (remove ${path})`, { cause: error });
  }
}
