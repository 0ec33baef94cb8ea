// The Split pre-tokenizer of Hugging Face `tokenizers`: cuts a text at the matches of a pattern, in one of five ways.
import { FormatError } from "./errors.ts";
import { findMatches } from "./oniguruma.ts";

const behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;

/** What becomes of a match: dropped, a piece of its own, joined to a neighbour, or joined to matches beside it. */
export type SplitBehavior = (typeof behaviors)[number];

/** A part `[start, end)` of a text. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

interface Span extends TextRange {
  readonly isMatch: boolean;
}

/** @throws FormatError if `name` is none of the five */
export function splitBehavior(name: string, where: string): SplitBehavior {
  const found = behaviors.find((behavior) => behavior === name);
  if (!found) throw new FormatError(`${where}: "${name}" is not a behaviour (known: ${behaviors.join(", ")})`);
  return found;
}

/** Cuts `text` at the matches of `pattern` (flag `g`); with `invert` the texts between are taken for the matches. */
export function splitText(text: string, pattern: RegExp, behavior: SplitBehavior, invert: boolean): TextRange[] {
  const spans = findSpans(text, pattern, invert);
  if (behavior === "Removed") return spans.filter((span) => !span.isMatch);
  if (behavior === "Isolated") return spans;
  const joined: TextRange[] = [];
  let wasMatch = false;
  const inOrder = behavior === "MergedWithNext" ? spans.toReversed() : spans;
  for (const [index, { start, end, isMatch }] of inOrder.entries()) {
    const joins = index > 0 && (behavior === "Contiguous" ? isMatch === wasMatch : isMatch && !wasMatch);
    const last = joins ? joined.pop()! : { start, end };
    joined.push({ start: Math.min(start, last.start), end: Math.max(end, last.end) });
    wasMatch = isMatch;
  }
  return behavior === "MergedWithNext" ? joined.reverse() : joined;
}

/** Matches may be empty: they cut too. */
function findSpans(text: string, pattern: RegExp, invert: boolean): Span[] {
  const spans: Span[] = [];
  let done = 0;
  for (const { start, end } of findMatches(text, pattern)) {
    if (start > done) spans.push({ start: done, end: start, isMatch: invert });
    spans.push({ start, end, isMatch: !invert });
    done = end;
  }
  if (done < text.length) spans.push({ start: done, end: text.length, isMatch: invert });
  return spans;
}
