// Reads and writes the `model` of a tokenizer.json that is byte-level BPE.
import { byteCharacters } from "./byteAlphabet.ts";
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asId, asObject, asString, type JsonObject } from "./jsonFields.ts";
import { maxMerges } from "./mergePiece.ts";
import { PairTable } from "./pairTable.ts";
import type { BpeTables } from "./pieceEncoder.ts";
import { Vocabulary } from "./vocabulary.ts";

/** @throws FormatError for what is malformed or not supported */
export function readByteLevelModel(model: JsonObject): BpeTables {
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

/** The `model` of `tokenizer.json`. */
export function writeByteLevelModel({ vocabulary, merges, ignoreMerges, unknownId, fuseUnknown }: BpeTables): object {
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
