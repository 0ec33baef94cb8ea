// Finds the chat template of a Hugging Face model folder.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChatTemplate } from "./chatTemplate.ts";
import { FormatError } from "./errors.ts";
import { asArray, asObject, asString, type JsonObject } from "./jsonFields.ts";

/**
 * The chat template of a model folder: `chat_template.jinja`, or `chat_template` in `tokenizer_config.json`, with the special
 * tokens named there.
 *
 * @param name which one, where the folder has several (`tool_use`, `rag`); default `"default"`
 * @throws Error if the folder has none
 */
export async function loadChatTemplate(folder: string, name = "default"): Promise<ChatTemplate> {
  const configPath = join(folder, "tokenizer_config.json");
  const config = readConfig(await readIfPresent(configPath), configPath);
  const fileName = name === "default" ? "chat_template.jinja" : `additional_chat_templates/${name}.jinja`;
  const source = (await readIfPresent(join(folder, fileName))) ?? namedTemplate(config.chat_template, name, configPath);
  if (source === undefined) {
    throw new Error(
      `loadChatTemplate: expected ${fileName}, or a chat_template named "${name}" in tokenizer_config.json, in ${folder}, ` +
        "found neither (base models have none; use new ChatTemplate(source))",
    );
  }
  return new ChatTemplate(source, tokenVariables(config));
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
