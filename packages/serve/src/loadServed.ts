// Loads what is to be served from a Hugging Face model folder.
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { loadModel } from "@llm/model";
import { loadTokenizer } from "@llm/tokenizer";
import { ServeError } from "./errors.ts";
import { checkServed, type ServedModel, tokenIds } from "./servedModel.ts";

/**
 * Loads `config.json`, `model.safetensors`, `tokenizer.json` and, where there is one, `generation_config.json`.
 *
 * @param options.name what clients call the model; default the folder's name
 * @throws Error naming the file that is missing or cannot be read, and ServeError if tokenizer and model do not fit
 * @example
 * const server = await serve({ ...(await loadServed("runs/quickstart/model")), port: 8080 });
 */
export async function loadServed(folder: string, { name = basename(resolve(folder)) } = {}): Promise<ServedModel> {
  const tokenizer = await loadTokenizer(join(folder, "tokenizer.json"));
  const served = { name, tokenizer, model: await loadModel(folder), ...(await readEndOfText(folder)) };
  checkServed(served);
  return served;
}

/** Chat models list more than one ending token there; config.json has one. */
async function readEndOfText(folder: string): Promise<Pick<ServedModel, "endOfTextIds">> {
  const path = join(folder, "generation_config.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  try {
    const ids = tokenIds((JSON.parse(text) as { eos_token_id?: unknown } | null)?.eos_token_id);
    return ids.length > 0 ? { endOfTextIds: ids } : {};
  } catch (error) {
    throw new ServeError(`loadServed: ${path} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
}
