// Counted words as the symbols of their bytes or characters, which merges are learned from.
import type { SymbolWords } from "./trainMerges.ts";
import type { WordCounter } from "./trainWords.ts";

const encoder = new TextEncoder();

/** The words as ids of their bytes in UTF-8. */
export function byteWords(words: WordCounter, byteIds: Int32Array): SymbolWords {
  const builder = new SymbolBuilder(words.size);
  let bytes = new Uint8Array(256);
  for (const { word, count } of words.words()) {
    if (bytes.length < word.length * 3) bytes = new Uint8Array(word.length * 3);
    const { written } = encoder.encodeInto(word, bytes);
    for (let i = 0; i < written; i++) builder.push(byteIds[bytes[i]!]!);
    builder.endWord(count);
  }
  return builder.words();
}

/** Collects words symbol by symbol. */
export class SymbolBuilder {
  #symbols = new Int32Array(1 << 12);
  #length = 0;
  readonly #ends: Uint32Array;
  readonly #counts: Float64Array;
  #word = 0;

  constructor(words: number) {
    this.#ends = new Uint32Array(words);
    this.#counts = new Float64Array(words);
  }

  push(symbol: number): void {
    if (this.#length === this.#symbols.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#symbols);
      this.#symbols = larger;
    }
    this.#symbols[this.#length++] = symbol;
  }

  endWord(count: number): void {
    this.#ends[this.#word] = this.#length;
    this.#counts[this.#word++] = count;
  }

  words(): SymbolWords {
    return { symbols: this.#symbols, ends: this.#ends, counts: this.#counts };
  }
}
