// The units in which repeated text is looked for: lines, paragraphs, sentences or words, each with a 64-bit name.
import { simplifyText } from "../filters/simplifyText.ts";
import { isWhiteSpace } from "../filters/textScan.ts";
import { paragraphs, type Span, sentences, trimSpan } from "../textSpans.ts";

/** What a text is divided into. A word is what stands between white space, and each ideograph, kana or Thai letter. */
export type TextUnit = "line" | "paragraph" | "sentence" | "word";

/** The units of a text, white space around them left out, and the hash of each in two halves. */
export interface TextUnits {
  readonly spans: readonly Span[];
  readonly high: Int32Array;
  readonly low: Int32Array;
}

/** A hash in two halves of 32 bits. */
export interface HashHalves {
  high: number;
  low: number;
}

/**
 * Divides a text. Lines, paragraphs and sentences have the hash of their simplified text (lower case, without punctuation,
 * diacritics and numbers), so that small differences do not count; those that are empty then are left out. Words count as
 * they are.
 */
export function textUnits(text: string, unit: TextUnit): TextUnits {
  const all = unit === "word" ? [...wordSpans(text)] : unitSpans(text, unit);
  const spans: Span[] = [];
  const high = new Int32Array(all.length);
  const low = new Int32Array(all.length);
  const hash: HashHalves = { high: 0, low: 0 };
  for (const span of all) {
    if (unit === "word") hashText(hash, text, span.start, span.end);
    else {
      const simple = simplifyText(text.slice(span.start, span.end));
      if (simple === "") continue;
      hashText(hash, simple, 0, simple.length);
    }
    high[spans.length] = hash.high;
    low[spans.length] = hash.low;
    spans.push(span);
  }
  return { spans, high, low };
}

/** Writes the hash of a stretch of the text: two mixed 32-bit hashes over its code units, each with a seed of its own. */
export function hashText(target: HashHalves, text: string, start: number, end: number): void {
  let a = 0x9e3779b9 ^ (end - start);
  let b = 0x85ebca6b ^ (end - start);
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0xcc9e2d51);
    a ^= a >>> 15;
    b = Math.imul(b ^ code, 0x1b873593);
    b ^= b >>> 13;
  }
  target.high = finish(a ^ (b >>> 16));
  target.low = finish(b ^ Math.imul(a, 0x2c1b3c6d));
}

/** The last mixing of MurmurHash3 (Appleby): each bit of the input changes half of those of the output. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function unitSpans(text: string, unit: Exclude<TextUnit, "word">): Span[] {
  const whole = { start: 0, end: text.length };
  const found =
    unit === "line" ? lineSpans(text) : unit === "paragraph" ? paragraphs(text, whole) : sentenceSpans(text);
  return Array.from(found, (span) => trimSpan(text, span)).filter(({ start, end }) => end > start);
}

/** Sentences, none of which goes over the end of a line. */
function* sentenceSpans(text: string): Generator<Span> {
  for (const line of lineSpans(text)) yield* sentences(text, line);
}

function* lineSpans(text: string): Generator<Span> {
  for (let start = 0; start <= text.length; ) {
    const lineFeed = text.indexOf("\n", start);
    const end = lineFeed < 0 ? text.length : lineFeed;
    yield { start, end };
    start = end + 1;
  }
}

function* wordSpans(text: string): Generator<Span> {
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const alone = standsAlone(code);
    if (start >= 0 && (alone || isWhiteSpace(code))) {
      yield { start, end: i };
      start = -1;
    }
    if (alone) yield { start: i, end: i + 1 };
    else if (start < 0 && !isWhiteSpace(code)) start = i;
  }
  if (start >= 0) yield { start, end: text.length };
}

function standsAlone(code: number): boolean {
  if (code < 0x0e00) return false;
  return (
    code <= 0x0e7f ||
    (code >= 0x3040 && code <= 0x30ff) ||
    (code >= 0x3400 && code <= 0x9fff) ||
    (code >= 0xf900 && code <= 0xfaff)
  );
}
