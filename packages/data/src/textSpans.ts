// Splits text at ever finer places: paragraphs, sentences, words, characters. A span is a stretch of the text by its ends.

/** A stretch of a text: UTF-16 offsets, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Splits a span of a text into finer spans, in order; together they hold everything but white space between them. */
export type Splitter = (text: string, span: Span) => Iterable<Span>;

/** From the coarsest to the finest. */
export const splitters: readonly Splitter[] = [paragraphs, sentences, words, characters, codePoints];

/** Stretches between blank lines. */
export function* paragraphs(text: string, { start, end }: Span): Generator<Span> {
  const blankLines = /\n[^\S\n]*(?:\n[^\S\n]*)+/g;
  blankLines.lastIndex = start;
  let from = start;
  for (let gap = blankLines.exec(text); gap && gap.index < end; gap = blankLines.exec(text)) {
    yield { start: from, end: gap.index };
    from = Math.min(end, blankLines.lastIndex);
  }
  yield { start: from, end };
}

/** Sentences of any language (UAX #29, `Intl.Segmenter`). */
export function sentences(text: string, span: Span): Iterable<Span> {
  return segments(text, span, "sentence");
}

/** Words and the characters between them (UAX #29, `Intl.Segmenter`). */
export function words(text: string, span: Span): Iterable<Span> {
  return segments(text, span, "word");
}

/** Characters as a reader sees them (grapheme clusters, UAX #29). */
export function characters(text: string, span: Span): Iterable<Span> {
  return segments(text, span, "grapheme");
}

function* codePoints(text: string, { start, end }: Span): Generator<Span> {
  for (let at = start; at < end; ) {
    const next = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
    yield { start: at, end: next };
    at = next;
  }
}

const segmenters = {
  sentence: new Intl.Segmenter("und", { granularity: "sentence" }),
  word: new Intl.Segmenter("und", { granularity: "word" }),
  grapheme: new Intl.Segmenter("und", { granularity: "grapheme" }),
};

// Intl.Segmenter of V8 takes quadratic time on long strings (26 seconds for the words of 300,000 characters), so it is given stretches.
// A boundary near a stretch's end may hang on what follows the stretch: those within the margin are decided by the next.
const stretchLength = 1024;
const marginLength = 256;

function* segments(text: string, { start, end }: Span, granularity: keyof typeof segmenters): Generator<Span> {
  let from = start;
  let length = stretchLength;
  while (from < end) {
    const stretchEnd = Math.min(from + length, end);
    const decided = stretchEnd === end ? end : stretchEnd - marginLength;
    const stretchStart = from;
    for (const { index, segment } of segmenters[granularity].segment(text.slice(stretchStart, stretchEnd))) {
      const segmentEnd = stretchStart + index + segment.length;
      if (segmentEnd > decided) break;
      yield { start: from, end: segmentEnd };
      from = segmentEnd;
    }
    // A segment longer than the stretch: look further.
    length = from === stretchStart ? length * 2 : stretchLength;
  }
}

/** The span without white space at its ends. */
export function trimSpan(text: string, { start, end }: Span): Span {
  const part = text.slice(start, end);
  const from = start + part.length - part.trimStart().length;
  return { start: from, end: Math.max(from, start + part.trimEnd().length) };
}
