// Text that stands in several documents: found in one pass and removed in a second one everywhere but where it came first. By line or
// paragraph as CCNet (Wenzek et al. 2020) did, by three sentences as C4 (Raffel et al. 2020), by windows of 50 words after the idea of
// Lee et al. (2022), with hashes of the windows in place of a suffix array.
import { writeFileAtomically } from "../atomicFile.ts";
import type { Document, Step } from "../document.ts";
import { DataError, FormatError } from "../errors.ts";
import { readWholeFile } from "../wholeFile.ts";
import { entryBytes, SpanTable } from "./spanTable.ts";
import { type HashHalves, hashText, type TextUnit, type TextUnits, textUnits } from "./textUnits.ts";

/** Options of `findRepeatedSpans`. */
export interface RepeatedSpanOptions {
  /** What a text is divided into. */
  readonly unit: TextUnit;
  /** How many units in a row are looked for. Default 1 line, 1 paragraph, 3 sentences, 50 words. */
  readonly count?: number;
  /** Shorter stretches are left alone, in UTF-16 code units. Default 20. */
  readonly minCharacters?: number;
  /**
   * Which of all stretches are looked at, so that a large corpus takes several passes with a part of the memory each:
   * `{ index: 0, count: 4 }` is a quarter. Default: all.
   */
  readonly part?: SpanPart;
  /** The place of the first document where the documents are a shard: above that of every document of the shards before. */
  readonly firstPlace?: number;
}

/** A part of all stretches, chosen by their hashes. */
export interface SpanPart {
  /** From 0 to below `count`. */
  readonly index: number;
  readonly count: number;
}

/** Options of `removeRepeatedSpans`. */
export interface RemoveSpansOptions {
  /** Documents of which fewer characters are left are dropped. Default 1. */
  readonly minCharacters?: number;
}

const formatName = "llm-repeated-spans";
const defaultCounts: Readonly<Record<TextUnit, number>> = { line: 1, paragraph: 1, sentence: 3, word: 50 };
const factor = { high: 0x01000193, low: 0x2c1b3c6d };

/** The stretches of text met in some documents, and which document keeps each. */
export class RepeatedSpans {
  readonly unit: TextUnit;
  /** Units in a stretch. */
  readonly count: number;
  /** Shortest stretch, in UTF-16 code units. */
  readonly minCharacters: number;
  readonly #part: SpanPart;
  readonly #table = new SpanTable();

  /** @throws DataError for a count that is no positive integer, and for a part beyond the last */
  constructor(options: RepeatedSpanOptions) {
    const { unit, count = defaultCounts[unit], minCharacters = 20, part = { index: 0, count: 1 } } = options;
    if (!Number.isInteger(count) || count < 1) {
      throw new DataError(`findRepeatedSpans: expected count to be a positive integer, got ${count}`);
    }
    if (!(part.index >= 0 && part.index < part.count)) {
      throw new DataError(`findRepeatedSpans: expected part.index from 0 to below ${part.count}, got ${part.index}`);
    }
    this.#part = part;
    this.unit = unit;
    this.count = count;
    this.minCharacters = minCharacters;
  }

  /** Distinct stretches met. */
  get size(): number {
    return this.#table.size;
  }

  /** Notes the stretches of a document. Of equal ones, that of the smallest place is kept. */
  add(document: Document, place: number): void {
    const owner = ownerOf(document.id);
    const { index, count } = this.#part;
    this.#visit(document.text, (high, low, first) => {
      if ((high >>> 0) % count !== index) return;
      this.#table.add(high, low, { high: owner.high, low: owner.low ^ first }, place);
    });
  }

  /**
   * Takes in what was found in other documents, or in another part; in whatever order, the result is the same.
   * @throws DataError for stretches of another kind
   */
  merge(other: RepeatedSpans): void {
    if (this.#kind !== other.#kind) {
      throw new DataError(`RepeatedSpans.merge: expected stretches of ${this.#kind}, got ${other.#kind}`);
    }
    this.#table.merge(other.#table);
  }

  /** Forgets the stretches met once, when all documents have been seen: a fraction of the memory is left. */
  dropUnique(): void {
    this.#table.dropUnique();
  }

  /** Writes what was found, whole or not at all, for another thread or machine to merge: 25 bytes a stretch. */
  async save(path: string): Promise<void> {
    const { unit, count, minCharacters } = this;
    const header = Buffer.from(`${JSON.stringify({ format: formatName, unit, count, minCharacters })}\n`);
    await writeFileAtomically(path, [header, this.#table.toBytes()]);
  }

  /**
   * Reads what `save` wrote.
   * @throws FileError when it cannot be read, FormatError when it is no such file or not whole.
   */
  static async load(path: string): Promise<RepeatedSpans> {
    const bytes = await readWholeFile(path);
    const headerEnd = bytes.indexOf("\n");
    const isOurs = bytes.toString("latin1", 0, headerEnd).startsWith(`{"format":"${formatName}"`);
    if (!isOurs || (bytes.length - headerEnd - 1) % entryBytes !== 0) {
      throw new FormatError({ file: path }, "not a whole file of repeated spans", "write it again with save()");
    }
    const found = new RepeatedSpans(JSON.parse(bytes.toString("utf8", 0, headerEnd)) as RepeatedSpanOptions);
    found.#table.addBytes(bytes.subarray(headerEnd + 1));
    return found;
  }

  get #kind(): string {
    return `${this.count} ${this.unit}s of ${this.minCharacters} characters`;
  }

  /** The document's text without the stretches that another place keeps. */
  remove({ id, text }: Document): string {
    const owner = ownerOf(id);
    const removed: { start: number; end: number }[] = [];
    this.#visit(text, (high, low, first, units) => {
      if (!this.#table.isRepeat(high, low, { high: owner.high, low: owner.low ^ first })) return;
      const start = units.spans[first]!.start;
      // White space up to the next unit goes with it.
      const end = units.spans[first + this.count]?.start ?? text.length;
      const last = removed.at(-1);
      if (last && start <= last.end) last.end = end;
      else removed.push({ start, end });
    });
    if (removed.length === 0) return text;
    let kept = "";
    let at = 0;
    for (const { start, end } of removed) {
      kept += text.slice(at, start);
      at = end;
    }
    return (kept + text.slice(at)).trimEnd();
  }

  /** Each stretch's hash, by rolling, and the number of its first unit. */
  #visit(text: string, visit: (high: number, low: number, first: number, units: TextUnits) => void): void {
    const { count } = this;
    const units = textUnits(text, this.unit);
    const { spans, high, low } = units;
    const leaving = { high: power(factor.high, count), low: power(factor.low, count) };
    let sumHigh = 0;
    let sumLow = 0;
    for (let i = 0; i < spans.length; i++) {
      sumHigh = (Math.imul(sumHigh, factor.high) + high[i]!) | 0;
      sumLow = (Math.imul(sumLow, factor.low) + low[i]!) | 0;
      const first = i - count + 1;
      if (first > 0) {
        sumHigh = (sumHigh - Math.imul(high[first - 1]!, leaving.high)) | 0;
        sumLow = (sumLow - Math.imul(low[first - 1]!, leaving.low)) | 0;
      }
      if (first >= 0 && spans[i]!.end - spans[first]!.start >= this.minCharacters) visit(sumHigh, sumLow, first, units);
    }
  }
}

/**
 * Notes the stretches of all documents. Memory: 25 to 50 bytes a distinct stretch, of which a text has one a line, paragraph,
 * sentence or word.
 *
 * @example
 * const found = await findRepeatedSpans(readDocuments("corpus/"), { unit: "word" });
 * const kept = pipeline(readDocuments("corpus/"), [removeRepeatedSpans(found)]);
 */
export async function findRepeatedSpans(
  documents: AsyncIterable<Document> | Iterable<Document>,
  options: RepeatedSpanOptions,
): Promise<RepeatedSpans> {
  const found = new RepeatedSpans(options);
  let place = options.firstPlace ?? 0;
  for await (const document of documents) {
    found.add(document, place);
    place += 1;
  }
  return found;
}

/**
 * The step that removes from each document what an earlier one has, told by the documents' ids, and drops documents of which
 * too little is left (reason `repeated text`).
 */
export function removeRepeatedSpans(found: RepeatedSpans, options: RemoveSpansOptions = {}): Step {
  const { minCharacters = 1 } = options;
  return {
    name: "removeRepeatedSpans",
    async *apply(documents, { drop }): AsyncGenerator<Document> {
      for await (const document of documents) {
        const text = found.remove(document);
        if (text === document.text) yield document;
        else if (text.length < minCharacters) await drop(document, "repeated text");
        else yield { ...document, text };
      }
    },
  };
}

function ownerOf(id: string): HashHalves {
  const owner = { high: 0, low: 0 };
  hashText(owner, id, 0, id.length);
  return owner;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
  return result;
}
