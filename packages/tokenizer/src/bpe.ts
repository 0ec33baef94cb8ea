// Byte pair encoding on characters (Sennrich et al. 2016; Llama 2, Mistral and Gemma as tokenizer.json has them, CLIP): each
// character of a piece is a symbol, and neighbours are merged, lowest rank first. Byte-level BPE has an encoder of its own.
import type { BpeDefinition } from "./bpeDefinition.ts";
import type { CharacterModel } from "./characterModel.ts";
import type { TextToken } from "./encoding.ts";
import { PieceMerger } from "./mergePiece.ts";
import { PieceTokenCache } from "./pieceTokenCache.ts";

export class BpeModel implements CharacterModel {
  readonly vocabularySize: number;
  readonly #definition: BpeDefinition;
  readonly #json: object;
  readonly #tokens = new Map<number, string>();
  readonly #merger: PieceMerger;
  readonly #cache = new PieceTokenCache();
  #symbols = new SymbolList();

  constructor(definition: BpeDefinition, json: object) {
    this.#definition = definition;
    this.#json = json;
    let highest = -1;
    for (const [token, id] of definition.vocabulary) {
      this.#tokens.set(id, token);
      highest = Math.max(highest, id);
    }
    this.vocabularySize = highest + 1;
    this.#merger = new PieceMerger(definition.merges);
  }

  readonly tokenizePiece = (piece: string): readonly TextToken[] =>
    this.#cache.get(piece, () => {
      const { ignoreMerges, vocabulary } = this.#definition;
      const whole = ignoreMerges ? vocabulary.get(piece) : undefined;
      if (whole !== undefined) return [{ id: whole, token: piece, start: 0, end: piece.length }];
      const symbols = this.#symbols.clear(piece.length);
      this.#addCharacters(piece, symbols);
      return this.#mergedTokens(piece, symbols);
    });

  #addCharacters(piece: string, symbols: SymbolList): void {
    const { vocabulary, unknownId, fuseUnknown, continuingPrefix, endSuffix } = this.#definition;
    // Unknown characters wait for the next known one: bytes that a character falls back to overtake them.
    let waiting = 0;
    const addWaiting = (): void => {
      if (waiting > 0) symbols.add(unknownId!, waiting);
      waiting = 0;
    };
    for (let start = 0; start < piece.length; ) {
      const character = String.fromCodePoint(piece.codePointAt(start)!);
      const end = start + character.length;
      const spelled = (start > 0 ? continuingPrefix : "") + character + (end === piece.length ? endSuffix : "");
      start = end;
      const id = vocabulary.get(spelled);
      if (id !== undefined) {
        addWaiting();
        symbols.add(id, Buffer.byteLength(character));
        continue;
      }
      const bytes = this.#bytesOf(spelled);
      for (const byte of bytes) symbols.add(byte, 1);
      if (bytes.length > 0 || unknownId === undefined) continue;
      if (!fuseUnknown) addWaiting();
      waiting += Buffer.byteLength(character);
    }
    addWaiting();
  }

  /** The tokens of the bytes that `spelled` falls back to; none if one is missing. */
  #bytesOf(spelled: string): number[] {
    if (!this.#definition.byteFallback) return [];
    const ids: number[] = [];
    for (const byte of Buffer.from(spelled)) {
      const id = this.#definition.vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
      if (id === undefined) return [];
      ids.push(id);
    }
    return ids;
  }

  /** A token that is part of a character stands for the whole of it. */
  #mergedTokens(piece: string, { ids, sizes, count }: SymbolList): TextToken[] {
    const firsts = new Int32Array(count);
    const left = this.#merger.mergeWithHeap(ids, count, firsts);
    const place = bytePlaces(piece);
    const tokens: TextToken[] = [];
    let from = 0;
    for (let index = 0; index < left; index++) {
      const next = index + 1 < left ? firsts[index + 1]! : count;
      let to = from;
      for (let symbol = firsts[index]!; symbol < next; symbol++) to += sizes[symbol]!;
      const id = ids[index]!;
      tokens.push({ id, token: this.#tokens.get(id)!, start: place.start(from), end: place.end(to) });
      from = to;
    }
    return tokens;
  }

  tokenToId(token: string): number | undefined {
    return this.#definition.vocabulary.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.#tokens.get(id);
  }

  toJson(): object {
    return this.#json;
  }
}

/** Ids of symbols and how many bytes of the text each stands for. */
class SymbolList {
  ids = new Int32Array(0);
  sizes = new Int32Array(0);
  count = 0;

  /** Empties the list and makes room for what a piece of `length` code units can become. */
  clear(length: number): this {
    this.count = 0;
    if (this.ids.length < length || this.ids.length > keptSymbols) {
      this.ids = new Int32Array(length);
      this.sizes = new Int32Array(length);
    }
    return this;
  }

  add(id: number, size: number): void {
    if (this.count === this.ids.length) {
      this.ids = doubled(this.ids);
      this.sizes = doubled(this.sizes);
    }
    this.ids[this.count] = id;
    this.sizes[this.count++] = size;
  }
}

/** Longer lists are not kept for the next piece. */
const keptSymbols = 1 << 20;

function doubled(list: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(16, list.length * 2));
  larger.set(list);
  return larger;
}

/** From places in the UTF-8 of `piece` to code units: where the character of a byte starts, and where the one before ends. */
function bytePlaces(piece: string): { readonly start: (at: number) => number; readonly end: (at: number) => number } {
  const starts = new Uint32Array(piece.length * 3 + 1);
  let size = 0;
  for (let start = 0; start < piece.length; ) {
    const codePoint = piece.codePointAt(start)!;
    const bytes = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    starts.fill(start, size, size + bytes);
    size += bytes;
    start += codePoint > 0xffff ? 2 : 1;
  }
  starts[size] = piece.length;
  const clamp = (at: number): number => Math.min(Math.max(at, 0), size);
  return {
    start: (at) => starts[clamp(at)]!,
    end: (at) => {
      let next = clamp(at);
      while (next > 0 && next < size && starts[next] === starts[next - 1]) next++;
      return starts[next]!;
    },
  };
}
