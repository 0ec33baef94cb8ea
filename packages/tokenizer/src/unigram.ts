// Unigram language model tokenization (Kudo 2018; the model of T5 and XLM-R): of all ways to spell a piece with tokens, the one
// whose scores add up highest (Viterbi).
import type { CharacterModel } from "./characterModel.ts";
import type { TextToken } from "./encoding.ts";
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asId, asString, type JsonObject } from "./jsonFields.ts";
import { PieceTokenCache } from "./pieceTokenCache.ts";
import { TokenTrie } from "./tokenTrie.ts";

/** What a Unigram model is made of. */
export interface UnigramParts {
  /** Tokens with their log probabilities; a token's place is its id. */
  readonly vocabulary: readonly (readonly [token: string, score: number])[];
  readonly unknownId: number | undefined;
  /** An unknown piece is spelled by the tokens of its bytes (`<0x00>` … `<0xFF>`) if the vocabulary has them. */
  readonly byteFallback: boolean;
}

/** An unknown character is this much less likely than the least likely token. */
const unknownPenalty = 10;

/** @throws FormatError for what is malformed */
export function readUnigram(model: JsonObject): UnigramModel {
  const vocabulary = asArray(model.vocab, "model.vocab").map((json, id) => {
    const [token, score] = asArray(json, `model.vocab[${id}]`);
    if (typeof score !== "number")
      throw new FormatError(`model.vocab[${id}][1]: expected a score, got ${typeof score}`);
    return [asString(token, `model.vocab[${id}][0]`), score] as const;
  });
  const unknown = model.unk_id ?? undefined;
  return new UnigramModel({
    vocabulary,
    unknownId: unknown === undefined ? undefined : asId(unknown, "model.unk_id"),
    byteFallback: asFlag(model.byte_fallback, "model.byte_fallback", false),
  });
}

export class UnigramModel implements CharacterModel {
  readonly vocabularySize: number;
  readonly #parts: UnigramParts;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #trie = new TokenTrie();
  readonly #scores: Float64Array;
  readonly #unknownScore: number;
  readonly #cache = new PieceTokenCache();

  /** @throws FormatError if the unknown token's id is none of the vocabulary */
  constructor(parts: UnigramParts) {
    const { vocabulary, unknownId } = parts;
    if (unknownId !== undefined && unknownId >= vocabulary.length) {
      throw new FormatError(`model.unk_id: ${unknownId} is no id of the vocabulary of ${vocabulary.length}`);
    }
    this.#parts = parts;
    this.vocabularySize = vocabulary.length;
    this.#ids = new Map(vocabulary.map(([token], id) => [token, id]));
    this.#scores = Float64Array.from(vocabulary, ([, score]) => score);
    this.#unknownScore = this.#scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY);
    this.#unknownScore -= unknownPenalty;
    for (const [token, id] of this.#ids) this.#trie.add(token, id);
  }

  /** @throws FormatError for a character that is no token, if the model has no unknown token */
  readonly tokenizePiece = (piece: string): readonly TextToken[] =>
    this.#cache.get(piece, () =>
      this.#spans(piece).flatMap(([start, end]) => this.#tokensOf(piece.slice(start, end), start, end)),
    );

  #tokensOf(token: string, start: number, end: number): TextToken[] {
    const id = this.#ids.get(token);
    if (id !== undefined) return [{ id, token, start, end }];
    if (this.#parts.byteFallback) {
      const bytes = Array.from(Buffer.from(token), (byte) => {
        const name = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
        return { id: this.#ids.get(name), token: name, start, end };
      });
      if (bytes.every((byte): byte is TextToken => byte.id !== undefined)) return bytes;
    }
    return [{ id: this.#unknown(token), token, start, end }];
  }

  #unknown(piece: string): number {
    const { unknownId } = this.#parts;
    if (unknownId !== undefined) return unknownId;
    throw new FormatError(
      `unigram: ${JSON.stringify(piece.slice(0, 20))} is spelled by no token and the model has no unknown token (set model.unk_id)`,
    );
  }

  /** The best way to cut `piece`; neighbours that are unknown are one span. */
  #spans(piece: string): (readonly [start: number, end: number])[] {
    const { length } = piece;
    const best = new Float64Array(length + 1);
    const from = new Int32Array(length + 1).fill(-1);
    const ids = new Int32Array(length + 1);
    const trie = this.#trie;
    const offer = (start: number, end: number, id: number, score: number): void => {
      const total = score + best[start]!;
      if (from[end]! >= 0 && total <= best[end]!) return;
      best[end] = total;
      from[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < length; ) {
      const next = start + (piece.codePointAt(start)! > 0xffff ? 2 : 1);
      let isSpelled = false;
      let node = trie.root;
      for (let at = start; at < length; at++) {
        node = trie.child(node, piece.charCodeAt(at));
        if (node < 0) break;
        const id = trie.idAt(node);
        if (id < 0) continue;
        offer(start, at + 1, id, this.#scores[id]!);
        isSpelled ||= at + 1 === next;
      }
      if (!isSpelled) offer(start, next, this.#unknown(piece.slice(start, next)), this.#unknownScore);
      start = next;
    }
    const spans: (readonly [number, number])[] = [];
    let wasUnknown = false;
    for (let end = length; end > 0; end = from[end]!) {
      const isUnknown = ids[end] === this.#parts.unknownId;
      const stop = isUnknown && wasUnknown ? spans.pop()![1] : end;
      spans.push([from[end]!, stop]);
      wasUnknown = isUnknown;
    }
    return spans.reverse();
  }

  tokenToId(token: string): number | undefined {
    return this.#ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.#parts.vocabulary[id]?.[0];
  }

  toJson(): object {
    const { vocabulary, unknownId, byteFallback } = this.#parts;
    return { type: "Unigram", unk_id: unknownId ?? null, vocab: vocabulary, byte_fallback: byteFallback };
  }
}
