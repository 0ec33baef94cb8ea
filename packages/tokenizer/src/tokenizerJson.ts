// Reads and writes the `tokenizer.json` format of Hugging Face `tokenizers`, for byte-level BPE models.
import type { AddedToken } from "./addedTokens.ts";
import { byteCharacters } from "./byteAlphabet.ts";
import { ByteLevelTokenizer } from "./byteLevelTokenizer.ts";
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asId, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { maxMerges } from "./mergePiece.ts";
import { parseNormalizer } from "./normalizers.ts";
import { PairTable } from "./pairTable.ts";
import type { BpeTables } from "./pieceEncoder.ts";
import { parsePostProcessor } from "./postProcessors.ts";
import { parsePreTokenizer } from "./preTokenizers.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { TokenizerJson, TokenizerShell } from "./tokenizerDefinition.ts";
import { Vocabulary } from "./vocabulary.ts";

const modelKinds = ["BPE"];

/**
 * The tokenizer that a `tokenizer.json` describes: byte-level BPE (GPT-2, RoBERTa, Llama 3, Qwen, DeepSeek, …), with ids
 * equal to those of Hugging Face `tokenizers`. Its `truncation` and `padding` are kept, but not applied by `encode`.
 *
 * @param json the text of the file, or what `JSON.parse` made of it
 * @throws FormatError for text that is no JSON, for malformed parts, and for kinds that are not supported, by name
 */
export function parseTokenizerJson(json: string | object): Tokenizer {
  const root = asObject(typeof json === "string" ? parseJson(json) : json, "tokenizer.json");
  checkDecoder(root.decoder);
  const preTokenizer = parsePreTokenizer(root.pre_tokenizer);
  const shell: TokenizerShell = {
    version: typeof root.version === "string" ? root.version : "1.0",
    truncation: root.truncation ?? null,
    padding: root.padding ?? null,
    normalizer: root.normalizer ?? null,
    pre_tokenizer: root.pre_tokenizer,
    post_processor: root.post_processor ?? null,
    decoder: root.decoder ?? null,
  };
  return new ByteLevelTokenizer({
    tables: readModel(asObject(root.model, "model")),
    addedTokens: asArray(root.added_tokens ?? [], "added_tokens").map(readAddedToken),
    normalize: parseNormalizer(root.normalizer),
    preTokenizer,
    ...parsePostProcessor(root.post_processor),
    shell,
  });
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

function checkDecoder(json: unknown): void {
  if (json === null || json === undefined) return;
  const decoder = asObject(json, "decoder");
  if (decoder.type === "Sequence") {
    for (const inner of asArray(decoder.decoders, "decoder.decoders")) checkDecoder(inner);
  } else if (decoder.type !== "ByteLevel")
    unsupported("decoder.type", String(decoder.type), ["ByteLevel", "Sequence of ByteLevel"]);
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

function readModel(model: JsonObject): BpeTables {
  const kind = model.type === undefined && model.merges !== undefined ? "BPE" : asString(model.type, "model.type");
  if (kind !== "BPE") unsupported("model.type", kind, modelKinds);
  if (typeof model.dropout === "number" && model.dropout > 0) {
    throw new FormatError(`model.dropout: ${model.dropout} makes ids random, which is not supported (set it to null)`);
  }
  for (const field of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    const value = model[field] ?? "";
    if (value !== "")
      throw new FormatError(`model.${field}: ${JSON.stringify(value)} is not supported (byte-level BPE has none)`);
  }
  const vocabulary = new Vocabulary();
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(asObject(model.vocab, "model.vocab"))) {
    const checked = asId(id, `model.vocab[${JSON.stringify(token)}]`);
    vocabulary.addToken(token, checked);
    ids.set(token, checked);
  }
  if (asFlag(model.byte_fallback, "model.byte_fallback", false)) {
    const missing = byteCharacters.find((character) => !ids.has(character));
    if (missing)
      throw new FormatError(`model.byte_fallback: not supported where a byte is no token (missing: ${missing})`);
  }
  const unknown = model.unk_token ?? undefined;
  return {
    vocabulary,
    merges: readMerges(asArray(model.merges, "model.merges"), ids),
    ignoreMerges: asFlag(model.ignore_merges, "model.ignore_merges", false),
    unknownId: unknown === undefined ? undefined : ids.get(asString(unknown, "model.unk_token")),
    fuseUnknown: asFlag(model.fuse_unk, "model.fuse_unk", false),
  };
}

function readMerges(json: readonly unknown[], ids: ReadonlyMap<string, number>): PairTable {
  if (json.length >= maxMerges) {
    throw new FormatError(`model.merges: ${json.length} merges are more than the ${maxMerges - 1} that are supported`);
  }
  const merges = new PairTable(json.length);
  for (const [rank, merge] of json.entries()) {
    const where = `model.merges[${rank}]`;
    const [left, right, ...rest] = typeof merge === "string" ? merge.split(" ") : asArray(merge, where);
    if (typeof left !== "string" || typeof right !== "string" || rest.length > 0) {
      throw new FormatError(`${where}: expected two tokens, got ${JSON.stringify(merge)}`);
    }
    const find = (token: string): number => {
      const id = ids.get(token);
      if (id === undefined) throw new FormatError(`${where}: the token ${JSON.stringify(token)} is not in model.vocab`);
      return id;
    };
    merges.set(find(left), find(right), rank, find(left + right));
  }
  return merges;
}

/**
 * What `tokenizer` is written as in a `tokenizer.json`, which Hugging Face `tokenizers` reads with identical ids.
 * @throws TypeError for a tokenizer that was not made by this package
 */
export function toTokenizerJson(tokenizer: Tokenizer): TokenizerJson {
  if (!(tokenizer instanceof ByteLevelTokenizer)) {
    throw new TypeError("toTokenizerJson: expected a tokenizer made by this package (load, parse or train one)");
  }
  const { shell, addedTokens, tables } = tokenizer.parts;
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
  return { version, truncation, padding, added_tokens: added, ...components, model: writeModel(tables) };
}

function writeModel({ vocabulary, merges, ignoreMerges, unknownId, fuseUnknown }: BpeTables): object {
  // Without a prototype, "__proto__" is a token like any other.
  const vocab = Object.create(null) as Record<string, number>;
  for (let id = 0; id < vocabulary.size; id++) {
    const token = vocabulary.idToToken(id);
    if (token !== undefined) vocab[token] = id;
  }
  const ranked: { left: number; right: number; rank: number }[] = [];
  merges.forEach((left, right, rank) => {
    ranked.push({ left, right, rank });
  });
  // Ranks may be equal where they are token ids (tiktoken); then the pair of the commoner tokens comes first.
  ranked.sort((a, b) => a.rank - b.rank || a.left - b.left || a.right - b.right);
  return {
    type: "BPE",
    dropout: null,
    unk_token: unknownId === undefined ? null : vocabulary.idToToken(unknownId),
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: fuseUnknown,
    byte_fallback: false,
    ignore_merges: ignoreMerges,
    vocab,
    merges: ranked.map(({ left, right }) => [vocabulary.idToToken(left), vocabulary.idToToken(right)]),
  };
}
