// The Split pre-tokenizer of Hugging Face `tokenizers`: cuts a text at the matches of a pattern, in one of five ways.
import { FormatError } from "./errors.ts";

const behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;

/** What becomes of a match: dropped, a piece of its own, joined to a neighbour, or joined to matches beside it. */
export type SplitBehavior = (typeof behaviors)[number];

interface Span {
  readonly text: string;
  readonly isMatch: boolean;
}

/** @throws FormatError if `name` is none of the five */
export function splitBehavior(name: string, where: string): SplitBehavior {
  const found = behaviors.find((behavior) => behavior === name);
  if (!found) throw new FormatError(`${where}: "${name}" is not a behaviour (known: ${behaviors.join(", ")})`);
  return found;
}

/** Cuts `text` at the matches of `pattern` (flag `g`); with `invert` the texts between are taken for the matches. */
export function splitText(text: string, pattern: RegExp, behavior: SplitBehavior, invert: boolean): string[] {
  const spans = findSpans(text, pattern, invert);
  if (behavior === "Removed") return spans.filter((span) => !span.isMatch).map((span) => span.text);
  if (behavior === "Isolated") return spans.map((span) => span.text);
  const joined: string[] = [];
  let wasMatch = false;
  const inOrder = behavior === "MergedWithNext" ? spans.toReversed() : spans;
  for (const [index, { text: piece, isMatch }] of inOrder.entries()) {
    const joins = index > 0 && (behavior === "Contiguous" ? isMatch === wasMatch : isMatch && !wasMatch);
    if (!joins) joined.push(piece);
    else joined.push(behavior === "MergedWithNext" ? piece + joined.pop() : joined.pop() + piece);
    wasMatch = isMatch;
  }
  return behavior === "MergedWithNext" ? joined.reverse() : joined;
}

function findSpans(text: string, pattern: RegExp, invert: boolean): Span[] {
  const spans: Span[] = [];
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0] === "") continue;
    if (match.index > done) spans.push({ text: text.slice(done, match.index), isMatch: invert });
    spans.push({ text: match[0], isMatch: !invert });
    done = match.index + match[0].length;
  }
  if (done < text.length) spans.push({ text: text.slice(done), isMatch: invert });
  return spans;
}
