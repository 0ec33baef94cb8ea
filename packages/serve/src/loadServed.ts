// Loads what is to be served from a Hugging Face model folder.
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { loadModel } from "@llm/model";
import { findChatTemplate, loadTokenizer } from "@llm/tokenizer";
import { ServeError } from "./errors.ts";
import { checkServed, type ServedModel, tokenIds } from "./servedModel.ts";

/** What to call a model, and how it is spoken to. */
export interface LoadServedOptions {
  /** What clients call the model. Default: the folder's name. */
  name?: string;
  /** Path of a Jinja file to use in place of the folder's own chat template. */
  chatTemplate?: string;
}

/**
 * Loads `config.json`, `model.safetensors`, `tokenizer.json` and, where they are there, `generation_config.json` and the chat template
 * (`chat_template.jinja` or in `tokenizer_config.json`). A text ends at the tokens that any of them calls its end.
 *
 * @throws Error naming the file that is missing or cannot be read, and ServeError if tokenizer and model do not fit
 * @example
 * const server = await serve({ ...(await loadServed("runs/quickstart/model")), port: 8080 });
 */
export async function loadServed(folder: string, options: LoadServedOptions = {}): Promise<ServedModel> {
  const { name = basename(resolve(folder)), chatTemplate: path } = options;
  const tokenizer = await loadTokenizer(join(folder, "tokenizer.json"));
  const model = await loadModel(folder);
  const chatTemplate = await findChatTemplate(folder, path === undefined ? {} : { path });
  const endOfTextIds = await readEndOfText(folder, { model, tokenizer });
  const served = { name, tokenizer, model, endOfTextIds, ...(chatTemplate ? { chatTemplate } : {}) };
  checkServed(served);
  return served;
}

/**
 * The model's own, which generation_config.json may replace by a list, and the tokenizer's: chat models end a turn with a token that
 * their config.json often does not name.
 */
async function readEndOfText(
  folder: string,
  { model, tokenizer }: Pick<ServedModel, "model" | "tokenizer">,
): Promise<number[]> {
  const generation = tokenIds((await readObject(join(folder, "generation_config.json"))).eos_token_id);
  const ids = generation.length > 0 ? generation : tokenIds(model.toConfigJson().eos_token_id);
  const { eos_token: token } = await readObject(join(folder, "tokenizer_config.json"));
  // A string, or an added token with its content.
  const text = typeof token === "object" ? (token as { content?: unknown } | null)?.content : token;
  const id = typeof text === "string" ? tokenizer.tokenToId(text) : undefined;
  return id === undefined || ids.includes(id) ? ids : [...ids, id];
}

/** A file's JSON object; nothing is in one that is not there. */
async function readObject(path: string): Promise<Record<string, unknown>> {
  try {
    return { ...(JSON.parse(await readFile(path, "utf8")) as object | null) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    if (!(error instanceof SyntaxError)) throw error;
    throw new ServeError(`loadServed: ${path} is not valid JSON: ${error.message}`, { cause: error });
  }
}
