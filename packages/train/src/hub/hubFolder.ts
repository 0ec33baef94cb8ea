// A checkpoint as a folder to hand on: the model's files, the tokenizer's and a model card, without what only training needs.
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAdapterParameter } from "@llm/model";
import { readPosition } from "../checkpoint.ts";
import { TrainError } from "../errors.ts";
import { type ModelCardOptions, modelCard } from "./modelCard.ts";
import { tensorsIn } from "./tensorsIn.ts";

export interface HubFolderOptions {
  /** Path of a checkpoint, for example from `findCheckpoint(folder, "best")`, or of the `averaged` model in one. */
  readonly checkpoint: string;
  /** Where the folder goes, made where missing; files of the same names are replaced. */
  readonly folder: string;
  /** Folder whose tokenizer files are copied: `tokenizer.json`, `tokenizer_config.json` and their like. */
  readonly tokenizer?: string;
  /** What the model card says beside the run's facts. */
  readonly card?: ModelCardOptions;
}

const modelFile = /^(config|generation_config)\.json$|^model.*\.safetensors(\.index\.json)?$/;
const tokenizerFile =
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^(merges|vocab)\.txt$|^chat_template\.jinja$/;

/**
 * Writes a folder that transformers opens and the Hugging Face hub shows. Each file appears whole or not at all; `README.md` comes last.
 *
 * Throws a `TrainError` for a folder that is no checkpoint, one without tokenizer files, and the checkpoint of an adapter's training.
 *
 * @returns the names of the files written.
 */
export async function writeHubFolder({ checkpoint, folder, tokenizer, card }: HubFolderOptions): Promise<string[]> {
  const models = await namesIn(checkpoint, modelFile, "checkpoint");
  const tokenizers = tokenizer === undefined ? [] : await namesIn(tokenizer, tokenizerFile, "tokenizer");
  // The averaged model lies in its checkpoint.
  const { step, best, settings } = await readPosition(checkpoint).catch(() => readPosition(dirname(checkpoint)));
  const config = JSON.parse(await readFile(join(checkpoint, "config.json"), "utf8")) as Record<string, unknown>;
  const tensors = await tensorsIn(checkpoint, models);
  if ([...tensors.keys()].some(isAdapterParameter)) {
    throw new TrainError(
      `writeHubFolder: checkpoint ${checkpoint} holds an adapter beside its base, which nobody else opens (hand on the folder of saveAdapter(trainer.model, …), or of saveModel(await mergeAdapter(trainer.model), …))`,
    );
  }
  const parameters = [...tensors.values()].reduce((total, count) => total + count, 0);
  await mkdir(folder, { recursive: true });
  const place = async (name: string, write: (path: string) => Promise<void>) => {
    const temporary = join(folder, `.${name}.tmp`);
    await write(temporary);
    await rename(temporary, join(folder, name));
  };
  for (const name of models) await place(name, (path) => copyFile(join(checkpoint, name), path));
  for (const name of tokenizers) await place(name, (path) => copyFile(join(tokenizer!, name), path));
  const text = modelCard({ config, parameters, step, best, settings }, card);
  await place("README.md", (path) => writeFile(path, text, { flush: true }));
  return [...models, ...tokenizers, "README.md"];
}

async function namesIn(folder: string, pattern: RegExp, what: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: Error) => {
    throw new TrainError(`writeHubFolder: ${what} ${folder} cannot be read: ${error.message}`, { cause: error });
  });
  const found = names.filter((name) => pattern.test(name)).sort();
  if (found.length > 0) return found;
  throw new TrainError(`writeHubFolder: ${what} ${folder} has no ${what} files (is it the right folder?)`);
}
