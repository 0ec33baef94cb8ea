// Encodes sections of text: cuts them into pieces with a scanner, looks each piece up in a bounded cache, and runs the merge
// loop on a miss. This is the hot path; it makes no strings and works on typed arrays only.
import { CharacterSymbols } from "./characterSymbols.ts";
import { PieceMerger } from "./mergePiece.ts";
import type { PairTable } from "./pairTable.ts";
import { maxCachedUnits, PieceCache } from "./pieceCache.ts";
import { type PieceCutter, pieceEnds } from "./pieceCutter.ts";
import { TextUnits } from "./textUnits.ts";
import type { TokenBuffer } from "./tokenBuffer.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What a byte-level BPE model knows, as {@link PieceEncoder} needs it. */
export interface BpeTables {
  readonly vocabulary: Vocabulary;
  /** Pairs of ids with (rank, id of the merged token). */
  readonly merges: PairTable;
  /** A piece that is a token as a whole is taken as that token, whatever the merges say (Llama 3, tiktoken). */
  readonly ignoreMerges: boolean;
  /** The id for a byte that is no token; without one such bytes are left out, as Hugging Face `tokenizers` does. */
  readonly unknownId: number | undefined;
  /** One `unknownId` stands for a run of unknown bytes. */
  readonly fuseUnknown: boolean;
  /** What the file says of byte fallback; it changes nothing where every byte is a token. Default false. */
  readonly byteFallback?: boolean;
}

export class PieceEncoder {
  readonly #tables: BpeTables;
  readonly #merger: PieceMerger;
  readonly #byteIds: Int32Array;
  /** Undefined if some byte is no token. */
  readonly #characters: CharacterSymbols | undefined;
  readonly #cache = new PieceCache();
  readonly #text = new TextUnits();
  #bytes = new Uint16Array(1024);
  #symbols = new Int32Array(1024);

  constructor(tables: BpeTables) {
    this.#tables = tables;
    this.#merger = new PieceMerger(tables.merges);
    const byte = new Uint16Array(1);
    this.#byteIds = Int32Array.from({ length: 256 }, (_, value) => {
      byte[0] = value;
      return tables.vocabulary.idOfBytes(byte, 0, 1);
    });
    if (!this.#byteIds.includes(-1)) this.#characters = new CharacterSymbols(tables, this.#byteIds);
  }

  /** Whether a byte is a token of its own. */
  knowsByte(byte: number): boolean {
    return this.#byteIds[byte]! >= 0;
  }

  /** Appends the ids of `text`, which is cut into pieces by `cutter`. */
  encode(text: string, cutter: PieceCutter, out: TokenBuffer): void {
    const length = text.length;
    const units = this.#text.load(text);
    const cache = this.#cache;
    for (let start = 0; start < length; ) {
      const from = start;
      const count = cutter.cut(units, from, length);
      for (let piece = 0; piece < count; piece++) {
        const end = from + pieceEnds[piece]!;
        if (end - start > maxCachedUnits) this.#encodePiece(units, start, end, out);
        else if (!cache.append(this.#text, start, end, out)) {
          const first = out.length;
          this.#encodePiece(units, start, end, out);
          cache.add(this.#text, start, end, out, first);
        }
        start = end;
      }
    }
  }

  #encodePiece(units: Uint16Array, start: number, end: number, out: TokenBuffer): void {
    const { vocabulary, ignoreMerges } = this.#tables;
    const count = this.#writeUtf8(units, start, end);
    const bytes = this.#bytes;
    if (ignoreMerges) {
      const whole = vocabulary.idOfBytes(bytes, 0, count);
      if (whole >= 0) {
        out.push(whole);
        return;
      }
    }
    const symbols = this.#symbols;
    const symbolCount = this.#characters?.write(bytes, count, symbols) ?? this.#writeKnownBytes(count);
    this.#merger.merge(symbols, symbolCount, out);
    if (count > 1 << 20) this.#shrink();
  }

  /** Writes the symbols of the first `count` bytes, of which some are no tokens; returns how many. */
  #writeKnownBytes(count: number): number {
    const { unknownId, fuseUnknown } = this.#tables;
    let symbolCount = 0;
    let afterUnknown = false;
    for (let i = 0; i < count; i++) {
      const id = this.#byteIds[this.#bytes[i]!]!;
      if (id >= 0) this.#symbols[symbolCount++] = id;
      else if (unknownId !== undefined && !(afterUnknown && fuseUnknown)) this.#symbols[symbolCount++] = unknownId;
      afterUnknown = id < 0;
    }
    return symbolCount;
  }

  #shrink(): void {
    this.#bytes = new Uint16Array(1024);
    this.#symbols = new Int32Array(1024);
  }

  /** Writes `units[start, end)` as UTF-8, one byte for each element; returns how many. A lone surrogate becomes U+FFFD. */
  #writeUtf8(units: Uint16Array, start: number, end: number): number {
    if ((end - start) * 3 > this.#bytes.length) {
      this.#bytes = new Uint16Array((end - start) * 3);
      this.#symbols = new Int32Array((end - start) * 3);
    }
    const bytes = this.#bytes;
    let count = 0;
    for (let i = start; i < end; i++) {
      let code = units[i]!;
      if (code < 0x80) {
        bytes[count++] = code;
        continue;
      }
      if ((code & 0xf800) === 0xd800) {
        const low = i + 1 < end ? units[i + 1]! : 0;
        if (code < 0xdc00 && (low & 0xfc00) === 0xdc00) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          i++;
        } else code = 0xfffd;
      }
      if (code < 0x800) bytes[count++] = 0xc0 | (code >> 6);
      else {
        if (code < 0x10000) bytes[count++] = 0xe0 | (code >> 12);
        else {
          bytes[count++] = 0xf0 | (code >> 18);
          bytes[count++] = 0x80 | ((code >> 12) & 0x3f);
        }
        bytes[count++] = 0x80 | ((code >> 6) & 0x3f);
      }
      bytes[count++] = 0x80 | (code & 0x3f);
    }
    return count;
  }
}
