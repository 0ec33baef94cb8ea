// The `model` of a tokenizer.json that is byte pair encoding, on bytes or on characters.
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asId, asObject, asString, type JsonObject } from "./jsonFields.ts";
import { maxMerges } from "./mergePiece.ts";
import { PairTable } from "./pairTable.ts";

export interface BpeDefinition {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Pairs of ids with (rank, id of the merged token). */
  readonly merges: PairTable;
  /** A piece that is a token as a whole is taken as that token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  readonly unknownId: number | undefined;
  /** One unknown token stands for a run of unknown characters. */
  readonly fuseUnknown: boolean;
  /** An unknown character is spelled by the tokens of its bytes (`<0x00>` … `<0xFF>`) if they are there. */
  readonly byteFallback: boolean;
  /** Stands before tokens that are not the start of a piece. */
  readonly continuingPrefix: string;
  /** Stands behind tokens that are the end of a piece. */
  readonly endSuffix: string;
}

/** @throws FormatError for what is malformed or not supported */
export function readBpeDefinition(model: JsonObject): BpeDefinition {
  if (typeof model.dropout === "number" && model.dropout > 0) {
    throw new FormatError(`model.dropout: ${model.dropout} makes ids random, which is not supported (set it to null)`);
  }
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(asObject(model.vocab, "model.vocab"))) {
    vocabulary.set(token, asId(id, `model.vocab[${JSON.stringify(token)}]`));
  }
  const continuingPrefix = asString(model.continuing_subword_prefix ?? "", "model.continuing_subword_prefix");
  const unknown = model.unk_token ?? undefined;
  return {
    vocabulary,
    merges: readMerges(asArray(model.merges, "model.merges"), vocabulary, continuingPrefix),
    ignoreMerges: asFlag(model.ignore_merges, "model.ignore_merges", false),
    unknownId: unknown === undefined ? undefined : vocabulary.get(asString(unknown, "model.unk_token")),
    fuseUnknown: asFlag(model.fuse_unk, "model.fuse_unk", false),
    byteFallback: asFlag(model.byte_fallback, "model.byte_fallback", false),
    continuingPrefix,
    endSuffix: asString(model.end_of_word_suffix ?? "", "model.end_of_word_suffix"),
  };
}

function readMerges(json: readonly unknown[], ids: ReadonlyMap<string, number>, prefix: string): PairTable {
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
    merges.set(find(left), find(right), rank, find(left + right.slice(prefix.length)));
  }
  return merges;
}
