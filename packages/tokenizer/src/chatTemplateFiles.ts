// Finds the chat template of a Hugging Face model folder.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChatTemplate } from "./chatTemplate.ts";
import { FormatError, TokenizerError } from "./errors.ts";
import { asArray, asObject, asString, type JsonObject } from "./jsonFields.ts";

/** Which chat template of a folder, and where it is. */
export interface FindChatTemplateOptions {
  /** Which one, where the folder has several (`tool_use`, `rag`). Default `"default"`. */
  readonly name?: string;
  /** A Jinja file to read in place of the folder's templates; it gets the folder's special tokens. */
  readonly path?: string;
}

/**
 * The chat template of a model folder: `chat_template.jinja`, or `chat_template` in `tokenizer_config.json`, with the special
 * tokens named there.
 *
 * @param name which one, where the folder has several (`tool_use`, `rag`); default `"default"`
 * @throws TokenizerError if the folder has none
 */
export async function loadChatTemplate(folder: string, name = "default"): Promise<ChatTemplate> {
  const template = await findChatTemplate(folder, { name });
  if (template) return template;
  throw new TokenizerError(
    `loadChatTemplate: expected ${templateFile(name)}, or a chat_template named "${name}" in tokenizer_config.json, in ${folder}, ` +
      "found neither (base models have none; use new ChatTemplate(source))",
  );
}

/** The same, or undefined if the folder has none, as those of base models. */
export async function findChatTemplate(
  folder: string,
  { name = "default", path }: FindChatTemplateOptions = {},
): Promise<ChatTemplate | undefined> {
  const configPath = join(folder, "tokenizer_config.json");
  const config = readConfig(await readIfPresent(configPath), configPath);
  const source =
    path === undefined
      ? ((await readIfPresent(join(folder, templateFile(name)))) ??
        namedTemplate(config.chat_template, name, configPath))
      : await readFile(path, "utf8");
  return source === undefined ? undefined : new ChatTemplate(source, tokenVariables(config));
}

function templateFile(name: string): string {
  return name === "default" ? "chat_template.jinja" : `additional_chat_templates/${name}.jinja`;
}

function readConfig(text: string | undefined, path: string): JsonObject {
  if (text === undefined) return {};
  try {
    return asObject(JSON.parse(text), path);
  } catch (error) {
    if (FormatError.isInstance(error)) throw error;
    throw new FormatError(`${path}: not valid JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** `chat_template` is one template, or a list of templates with names. */
function namedTemplate(value: unknown, name: string, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const where = `${path}: chat_template`;
  if (typeof value === "string") return name === "default" ? value : undefined;
  const entry = asArray(value, where)
    .map((item, index) => asObject(item, `${where}[${index}]`))
    .find((item) => item.name === name);
  return entry && asString(entry.template, `${where} "${name}"`);
}

/** `bos_token` and the like, which are strings or added tokens with a `content`. */
function tokenVariables(config: JsonObject): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    if (!key.endsWith("_token")) continue;
    const content = typeof value === "object" && value !== null && "content" in value ? value.content : value;
    if (typeof content === "string") variables[key] = content;
  }
  return variables;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
