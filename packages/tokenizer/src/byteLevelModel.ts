// The tables of byte-level BPE, from a definition and as the `model` of a tokenizer.json.
import type { BpeDefinition } from "./bpeDefinition.ts";
import type { BpeTables } from "./pieceEncoder.ts";
import { Vocabulary } from "./vocabulary.ts";

/** What a byte-level encoder needs of a definition without prefix, suffix and byte fallback. */
export function byteLevelTables(definition: BpeDefinition): BpeTables {
  const vocabulary = new Vocabulary();
  for (const [token, id] of definition.vocabulary) vocabulary.addToken(token, id);
  const { merges, ignoreMerges, unknownId, fuseUnknown, byteFallback } = definition;
  return { vocabulary, merges, ignoreMerges, unknownId, fuseUnknown, byteFallback };
}

/** The `model` of `tokenizer.json`. */
export function writeByteLevelModel(tables: BpeTables): object {
  const { vocabulary, merges, ignoreMerges, unknownId, fuseUnknown, byteFallback = false } = tables;
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
    byte_fallback: byteFallback,
    ignore_merges: ignoreMerges,
    vocab,
    merges: ranked.map(({ left, right }) => [vocabulary.idToToken(left), vocabulary.idToToken(right)]),
  };
}
