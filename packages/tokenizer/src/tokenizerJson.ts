// Reads and writes the `tokenizer.json` format of Hugging Face `tokenizers`.
import type { AddedToken } from "./addedTokens.ts";
import { BpeModel } from "./bpe.ts";
import { type BpeDefinition, readBpeDefinition } from "./bpeDefinition.ts";
import { byteCharacters } from "./byteAlphabet.ts";
import { byteLevelTables, writeByteLevelModel } from "./byteLevelModel.ts";
import { ByteLevelTokenizer } from "./byteLevelTokenizer.ts";
import type { CharacterModel } from "./characterModel.ts";
import { CharacterTokenizer, type CharacterTokenizerParts } from "./characterTokenizer.ts";
import { parseDecoder } from "./decoders.ts";
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asId, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { parseNormalizer } from "./normalizers.ts";
import { parsePostProcessor } from "./postProcessors.ts";
import { endsInBytes, parseByteLevelPreTokenizer, parsePreTokenizer } from "./preTokenizers.ts";
import type { OffsetTokenizer, Tokenizer } from "./tokenizer.ts";
import type { TokenizerJson, TokenizerShell } from "./tokenizerDefinition.ts";
import { readUnigram } from "./unigram.ts";
import { readWordPiece } from "./wordPiece.ts";

const modelKinds = ["BPE", "Unigram", "WordPiece"];

/**
 * The tokenizer that a `tokenizer.json` describes, with ids, tokens and offsets equal to those of Hugging Face `tokenizers`:
 * BPE on bytes (GPT-2, RoBERTa, Llama 3, Qwen, DeepSeek, …) and on characters (Llama 2, CLIP), WordPiece (BERT) and Unigram
 * (T5, XLM-R). Its `truncation` and `padding` are applied by `encodeWithOffsets`, not by `encode`.
 *
 * @param json the text of the file, or what `JSON.parse` made of it
 * @throws FormatError for text that is no JSON, for malformed parts, and for kinds that are not supported, by name
 */
export function parseTokenizerJson(json: string | object): OffsetTokenizer {
  const root = asObject(typeof json === "string" ? parseJson(json) : json, "tokenizer.json");
  const model = asObject(root.model, "model");
  const kind = modelKind(model);
  const shell: TokenizerShell = {
    version: typeof root.version === "string" ? root.version : "1.0",
    truncation: root.truncation ?? null,
    padding: root.padding ?? null,
    normalizer: root.normalizer ?? null,
    pre_tokenizer: root.pre_tokenizer ?? null,
    post_processor: root.post_processor ?? null,
    decoder: root.decoder ?? null,
  };
  const common = {
    addedTokens: asArray(root.added_tokens ?? [], "added_tokens").map(readAddedToken),
    normalize: parseNormalizer(root.normalizer),
    postProcessor: parsePostProcessor(root.post_processor),
    shell,
  };
  if (kind === "BPE") {
    const definition = readBpeDefinition(model);
    if (isByteLevel(root, definition)) {
      const preTokenizer = parseByteLevelPreTokenizer(root.pre_tokenizer);
      return new ByteLevelTokenizer({ ...common, tables: byteLevelTables(definition), preTokenizer });
    }
    return characterTokenizer(new BpeModel(definition, model), root, common);
  }
  return characterTokenizer(kind === "WordPiece" ? readWordPiece(model) : readUnigram(model), root, common);
}

function characterTokenizer(
  model: CharacterModel,
  root: JsonObject,
  common: Pick<CharacterTokenizerParts, "addedTokens" | "normalize" | "postProcessor" | "shell">,
): CharacterTokenizer {
  const steps = parsePreTokenizer(root.pre_tokenizer);
  return new CharacterTokenizer({ ...common, model, steps, decoder: parseDecoder(root.decoder) });
}

/** Whether the fast encoder for byte-level BPE does what a file says; any other BPE is done character by character. */
function isByteLevel({ pre_tokenizer, decoder }: JsonObject, definition: BpeDefinition): boolean {
  const { continuingPrefix, endSuffix, vocabulary } = definition;
  if (!endsInBytes(pre_tokenizer) || !decodesBytes(decoder) || continuingPrefix !== "" || endSuffix !== "")
    return false;
  return byteCharacters.every((character) => vocabulary.has(character));
}

function decodesBytes(json: unknown): boolean {
  if (json === null || json === undefined) return true;
  const decoder = asObject(json, "decoder");
  if (decoder.type !== "Sequence") return decoder.type === "ByteLevel";
  const inner = asArray(decoder.decoders, "decoder.decoders");
  return inner.length > 0 && inner.every(decodesBytes);
}

/** The kind of a model; old files do not say it. */
function modelKind(model: JsonObject): string {
  if (model.type === undefined) {
    if (model.merges !== undefined) return "BPE";
    if (model.continuing_subword_prefix !== undefined) return "WordPiece";
    if (Array.isArray(model.vocab)) return "Unigram";
  }
  const kind = asString(model.type, "model.type");
  return modelKinds.includes(kind) ? kind : unsupported("model.type", kind, modelKinds);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(
      `tokenizer.json: not valid JSON: ${(error as Error).message} (the file may be cut short: ${text.length} characters)`,
    );
  }
}

function readAddedToken(json: unknown, index: number): AddedToken {
  const where = `added_tokens[${index}]`;
  const token = asObject(json, where);
  return {
    id: asId(token.id, `${where}.id`),
    content: asString(token.content, `${where}.content`),
    singleWord: asFlag(token.single_word, `${where}.single_word`, false),
    leftStrip: asFlag(token.lstrip, `${where}.lstrip`, false),
    rightStrip: asFlag(token.rstrip, `${where}.rstrip`, false),
    normalized: asFlag(token.normalized, `${where}.normalized`, true),
    special: asFlag(token.special, `${where}.special`, false),
  };
}

/**
 * What `tokenizer` is written as in a `tokenizer.json`, which Hugging Face `tokenizers` reads with identical ids.
 * @throws TypeError for a tokenizer that was not made by this package
 */
export function toTokenizerJson(tokenizer: Tokenizer): TokenizerJson {
  if (!(tokenizer instanceof ByteLevelTokenizer || tokenizer instanceof CharacterTokenizer)) {
    throw new TypeError("toTokenizerJson: expected a tokenizer made by this package (load, parse or train one)");
  }
  const { shell, addedTokens } = tokenizer.parts;
  const { version, truncation, padding, ...components } = shell;
  const added = addedTokens.map((token) => ({
    id: token.id,
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.leftStrip,
    rstrip: token.rightStrip,
    normalized: token.normalized,
    special: token.special,
  }));
  const model =
    "tables" in tokenizer.parts ? writeByteLevelModel(tokenizer.parts.tables) : tokenizer.parts.model.toJson();
  return { version, truncation, padding, added_tokens: added, ...components, model };
}
