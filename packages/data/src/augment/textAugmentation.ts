// The four operations of "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks" (Wei and Zou
// 2019) on texts of any language; what stands between words stays where it is.
import { DataError } from "../errors.ts";
import { isSpaced } from "../groups/textWords.ts";
import { words } from "../textSpans.ts";
import type { RandomDraws } from "./randomDraws.ts";
import type { Synonyms } from "./synonyms.ts";

/** Replaces words by synonyms, inserts synonyms, swaps words, or deletes words. */
export type AugmentOperation = "synonymReplacement" | "randomInsertion" | "randomSwap" | "randomDeletion";

/** What an operation needs. */
export interface OperationSettings {
  /** Share of the words that are changed; deletion deletes each with this probability. */
  readonly share: number;
  readonly synonyms: Synonyms | undefined;
  /** Of the text: decides how words are found. */
  readonly language: string;
  /** Words in lower case that have no synonyms. */
  readonly stopWords: ReadonlySet<string>;
  readonly draws: RandomDraws;
}

/** A changed text, and how many words were changed. */
export interface AugmentedText {
  readonly text: string;
  readonly changed: number;
}

interface Piece {
  /** What stands before the word. */
  before: string;
  word: string;
}

const hasLetter = /\p{L}/u;
const spacedWord = /[\p{L}\p{N}\p{M}]+(?:['’‐-][\p{L}\p{N}\p{M}]+)*/gu;

/** Applies one operation to a text. */
export function augmentText(text: string, operation: AugmentOperation, settings: OperationSettings): AugmentedText {
  const { pieces, ending } = piecesOf(text, settings.language);
  const count = Math.max(1, Math.round(settings.share * pieces.length));
  const result = pieces.length === 0 ? { pieces, changed: 0 } : operations[operation](pieces, count, settings);
  return { text: result.pieces.map(({ before, word }) => before + word).join("") + ending, changed: result.changed };
}

function piecesOf(text: string, language: string): { pieces: Piece[]; ending: string } {
  const pieces: Piece[] = [];
  let end = 0;
  for (const { word, start } of wordsOf(text, language)) {
    if (!hasLetter.test(word)) continue;
    pieces.push({ before: text.slice(end, start), word });
    end = start + word.length;
  }
  return { pieces, ending: text.slice(end) };
}

function* wordsOf(text: string, language: string): Generator<{ readonly word: string; readonly start: number }> {
  if (isSpaced(language)) {
    for (const { 0: word, index } of text.matchAll(spacedWord)) yield { word, start: index };
  } else {
    for (const { start, end } of words(text, { start: 0, end: text.length }))
      yield { word: text.slice(start, end), start };
  }
}

type Operation = (
  pieces: Piece[],
  count: number,
  settings: OperationSettings,
) => { readonly pieces: readonly Piece[]; readonly changed: number };

const operations: Readonly<Record<AugmentOperation, Operation>> = {
  synonymReplacement(pieces, count, settings) {
    const places = new Map<string, Piece[]>();
    for (const piece of pieces) {
      const key = piece.word.toLowerCase();
      const same = places.get(key);
      if (same) same.push(piece);
      else places.set(key, [piece]);
    }
    let replaced = 0;
    let changed = 0;
    for (const word of settings.draws.shuffled([...places.keys()])) {
      if (replaced === count) break;
      const synonym = synonymOf(word, settings);
      if (synonym === undefined) continue;
      replaced += 1;
      for (const piece of places.get(word)!) {
        piece.word = inCaseOf(piece.word, synonym);
        changed += 1;
      }
    }
    return { pieces, changed };
  },

  randomInsertion(pieces, count, settings) {
    const { draws } = settings;
    // As in EDA, a word without synonyms is given up after ten others.
    const attempts = 10;
    let changed = 0;
    const added = new Map<Piece, string[]>();
    for (let i = 0; i < count; i++) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const synonym = synonymOf(pieces[draws.below(pieces.length)]!.word.toLowerCase(), settings);
        if (synonym === undefined) continue;
        const next = pieces[draws.below(pieces.length)]!;
        added.set(next, [...(added.get(next) ?? []), synonym]);
        changed += 1;
        break;
      }
    }
    const space = isSpaced(settings.language) ? " " : "";
    return { pieces: pieces.flatMap((piece) => withBefore(piece, added.get(piece) ?? [], space)), changed };
  },

  randomSwap(pieces, count, { draws }) {
    if (pieces.length < 2) return { pieces, changed: 0 };
    for (let i = 0; i < count; i++) {
      const first = draws.below(pieces.length);
      const second = (first + 1 + draws.below(pieces.length - 1)) % pieces.length;
      const { word } = pieces[first]!;
      pieces[first]!.word = pieces[second]!.word;
      pieces[second]!.word = word;
    }
    return { pieces, changed: 2 * count };
  },

  randomDeletion(pieces, _, { share, draws }) {
    const kept = pieces.filter(() => draws.next() >= share);
    if (kept.length === 0) kept.push(pieces[draws.below(pieces.length)]!);
    if (kept[0] !== pieces[0]) kept[0]!.before = pieces[0]!.before;
    return { pieces: kept, changed: pieces.length - kept.length };
  },
};

function synonymOf(word: string, { synonyms, stopWords, draws }: OperationSettings): string | undefined {
  if (synonyms === undefined || stopWords.has(word)) return undefined;
  const found = synonyms.of(word);
  return found[draws.below(found.length)];
}

/** The words, then the piece, with what parts words between them. */
function withBefore({ before, word }: Piece, words: readonly string[], space: string): Piece[] {
  return [...words, word].map((each, i) => ({ before: i === 0 ? before : space, word: each }));
}

/** The synonym with the capitals of the word it stands for. */
function inCaseOf(word: string, synonym: string): string {
  const first = String.fromCodePoint(word.codePointAt(0)!);
  if (word.length > first.length && word === word.toUpperCase() && word !== word.toLowerCase())
    return synonym.toUpperCase();
  if (first === first.toUpperCase() && first !== first.toLowerCase()) {
    const initial = String.fromCodePoint(synonym.codePointAt(0)!);
    return initial.toUpperCase() + synonym.slice(initial.length);
  }
  return synonym;
}

/** Throws a DataError for operations that do not exist or need synonyms that are not there. */
export function checkOperations(
  where: string,
  names: readonly AugmentOperation[],
  synonyms: Synonyms | undefined,
): void {
  if (names.length === 0) throw new DataError(`${where}: operations: expected at least one, got none`);
  for (const name of names) {
    if (!Object.hasOwn(operations, name)) {
      throw new DataError(`${where}: operations: expected ${Object.keys(operations).join(", ")}, got ${name}`);
    }
    if (synonyms === undefined && (name === "synonymReplacement" || name === "randomInsertion")) {
      throw new DataError(`${where}: ${name} needs synonyms (give openWordNet(), or leave the operation out)`);
    }
  }
}
