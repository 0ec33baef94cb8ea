// The `Precompiled` normaliser: the table of replacements that SentencePiece puts into its models (a Darts double-array trie
// over UTF-8, then the replacements, each ended by a zero byte).
import type { Replacement } from "./alignedText.ts";
import { FormatError } from "./errors.ts";
import { asString, type JsonObject } from "./jsonFields.ts";
import type { TextRewrite } from "./textRewrite.ts";

/** Intl.Segmenter takes quadratic time for long texts; it is given this many code units at a time. */
const windowUnits = 2048;
/** Longer grapheme clusters, in bytes of UTF-8, are looked up character by character. */
const maxClusterBytes = 5;

/** @throws FormatError if the table is cut short */
export function readPrecompiled(definition: JsonObject, where: string): TextRewrite {
  const field = `${where}.precompiled_charsmap`;
  const table = new ReplacementTable(Buffer.from(asString(definition.precompiled_charsmap, field), "base64"), field);
  function* replacements(text: string): Generator<Replacement> {
    for (const { segment, index } of graphemeClusters(text)) {
      const whole = Buffer.byteLength(segment) <= maxClusterBytes ? table.find(segment) : undefined;
      if (whole !== undefined) {
        yield { start: index, end: index + segment.length, content: whole };
        continue;
      }
      let start = index;
      for (const character of segment) {
        const end = start + character.length;
        yield { start, end, content: table.find(character) ?? character };
        start = end;
      }
    }
  }
  return {
    rewrite: (text) => Array.from(replacements(text), ({ content }) => content).join(""),
    rewriteAligned: (text) => text.replace(replacements(text.text), true),
  };
}

/** The grapheme clusters of `text`. The last one of a window may go on behind it, so the next window starts with it. */
function* graphemeClusters(text: string): Generator<{ readonly segment: string; readonly index: number }> {
  const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
  for (let start = 0; start < text.length; ) {
    // Between two characters of ASCII is a border, but for CR LF.
    if (isPlain(text, start) && (start + 1 === text.length || isPlain(text, start + 1))) {
      yield { segment: text[start]!, index: start };
      start++;
      continue;
    }
    const window = text.slice(start, start + windowUnits);
    let last = { segment: "", index: start };
    for (const { segment, index } of segmenter.segment(window)) {
      if (last.segment !== "") yield last;
      last = { segment, index: start + index };
    }
    const isWhole = start + window.length === text.length || last.index === start;
    if (isWhole) yield last;
    start = last.index + (isWhole ? last.segment.length : 0);
  }
}

function isPlain(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit < 0x80 && unit !== 0x0d;
}

/** The trie and its replacements. A unit of the trie is label (bits 0–7), leaf (8), wide (9) and offset (10–31). */
class ReplacementTable {
  readonly #units: Uint32Array;
  readonly #replacements: Buffer;

  constructor(bytes: Buffer, where: string) {
    const size = bytes.length < 4 ? Number.NaN : bytes.readUInt32LE(0);
    if (!(size % 4 === 0 && 4 + size <= bytes.length)) {
      throw new FormatError(
        `${where}: expected a table of ${size} bytes, got ${bytes.length} (the file may be cut short)`,
      );
    }
    this.#units = Uint32Array.from({ length: size / 4 }, (_, index) => bytes.readUInt32LE(4 + index * 4));
    this.#replacements = bytes.subarray(4 + size);
  }

  /** What the shortest entry that `text` starts with is replaced by, as SentencePiece in `tokenizers` has it. */
  find(text: string): string | undefined {
    const units = this.#units;
    let node = offsetOf(units[0] ?? 0);
    for (const byte of Buffer.from(text)) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = units[node] ?? 0;
      if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) return this.#replacement((units[node] ?? 0) & 0x7fffffff);
    }
    return undefined;
  }

  #replacement(start: number): string {
    const end = this.#replacements.indexOf(0, start);
    return this.#replacements.toString("utf8", start, end < 0 ? this.#replacements.length : end);
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}
