// Checkpoints: a model folder plus the optimiser's state and the place in the run, written under a temporary name and renamed, so
// that a folder called step-… is always whole.
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BatchPosition } from "@llm/data";
import { type CausalLanguageModel, loadModel, saveModel } from "@llm/model";
import { tensor } from "@llm/tensor";
import { openSafetensors, writeSafetensors } from "@llm/tensor/safetensors";
import { TrainError } from "./errors.ts";
import type { NamedTensors, OptimizerState } from "./optimizers/optimizer.ts";
import type { TrainState } from "./trainState.ts";

/** Where a run stands, beside its tensors. */
export interface RunPosition {
  /** Updates made. */
  readonly step: number;
  /** The next batch. */
  readonly data: BatchPosition;
  /** Best evaluation so far. */
  readonly best: { readonly step: number; readonly loss: number } | undefined;
  /** What must be the same when the run goes on: optimiser, seed, accumulation and so on. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const stepFolder = /^step-(\d+)$/;
const stateFile = "trainer_state.json";
const optimizerFile = "optimizer.safetensors";
const bestFile = "best.json";

function folderOf(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
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

/** Path of the newest checkpoint (`"last"`) or the one with the lowest evaluation loss (`"best"`); undefined where there is none. */
export async function findCheckpoint(folder: string, which: "last" | "best"): Promise<string | undefined> {
  const steps = await listCheckpoints(folder);
  if (which === "last") return steps.length > 0 ? join(folder, folderOf(steps.at(-1)!)) : undefined;
  const best = await readBest(folder);
  return best && steps.includes(best.step) ? join(folder, folderOf(best.step)) : undefined;
}

async function readBest(folder: string): Promise<{ step: number; loss: number } | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, bestFile), "utf8")) as { step: number; loss: number };
  } catch {
    return undefined;
  }
}

/** Writes a checkpoint and then removes those that are neither among the newest `keep` nor the best. Returns its path. */
export async function saveCheckpoint(
  folder: string,
  state: TrainState,
  position: RunPosition,
  keep: number,
): Promise<string> {
  const path = join(folder, folderOf(position.step));
  const temporary = join(folder, `.${folderOf(position.step)}.${randomUUID()}.tmp`);
  try {
    await mkdir(temporary, { recursive: true });
    await saveModel(state.model, temporary);
    await writeSafetensors(join(temporary, optimizerFile), optimizerEntries(state.optimizer));
    await writeFile(join(temporary, stateFile), `${JSON.stringify(position, undefined, 2)}\n`, { flush: true });
    await rm(path, { recursive: true, force: true });
    await rename(temporary, path);
    await syncFolder(folder);
    await saveBest(folder, position.best);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const last = await findCheckpoint(folder, "last");
    throw new TrainError(
      `checkpoint of step ${position.step} could not be written to ${path}: ${(error as Error).message}; last good checkpoint: ${last ?? "none"}`,
      { cause: error },
    );
  }
  await prune(folder, keep, position.best?.step);
  return path;
}

function* optimizerEntries(state: OptimizerState) {
  for (const [kind, tensors] of Object.entries(state)) {
    for (const [name, value] of Object.entries(tensors)) {
      const shape = value.shape as readonly number[];
      yield [`${kind}.${name}`, { dtype: value.dtype, shape, data: () => value.data() }] as const;
    }
  }
}

async function saveBest(folder: string, best: RunPosition["best"]): Promise<void> {
  if (!best) return;
  const temporary = join(folder, `.${bestFile}.${randomUUID()}.tmp`);
  await writeFile(temporary, `${JSON.stringify(best)}\n`, { flush: true });
  await rename(temporary, join(folder, bestFile));
}

async function prune(folder: string, keep: number, best: number | undefined): Promise<void> {
  const steps = await listCheckpoints(folder);
  for (const step of steps.slice(0, -keep)) {
    if (step !== best) await rm(join(folder, folderOf(step)), { recursive: true, force: true });
  }
  // What a killed run left behind under temporary names.
  for (const name of await readdir(folder)) {
    if (name.startsWith(".") && name.endsWith(".tmp")) await rm(join(folder, name), { recursive: true, force: true });
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

/** Reads a checkpoint; `like` is fresh state of the optimiser in use, whose tensors the file must match. */
export async function loadCheckpoint(
  path: string,
  like: (model: CausalLanguageModel) => OptimizerState,
): Promise<{ state: TrainState; position: RunPosition }> {
  let position: RunPosition;
  try {
    position = JSON.parse(await readFile(join(path, stateFile), "utf8")) as RunPosition;
  } catch (error) {
    throw new TrainError(`checkpoint ${path}: ${stateFile} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const model = await loadModel(path);
  await using file = await openSafetensors(join(path, optimizerFile));
  const optimizer: Record<string, NamedTensors> = {};
  for (const [kind, expected] of Object.entries(like(model))) {
    const loaded: Record<string, NamedTensors[string]> = {};
    for (const [name, { shape }] of Object.entries(expected)) {
      const stored = `${kind}.${name}`;
      if (!file.has(stored) || String(file.entry(stored).shape) !== String(shape)) {
        throw new TrainError(
          `checkpoint ${path}: ${optimizerFile} has no ${stored} of shape [${shape}] (was it written by another optimiser?)`,
        );
      }
      const { dtype, data } = await file.read(stored);
      loaded[name] = tensor(data, { dtype, shape: shape as readonly number[] });
    }
    optimizer[kind] = loaded;
  }
  return { state: { model, optimizer }, position };
}
