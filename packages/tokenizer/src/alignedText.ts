// A text that remembers where in the original each of its characters came from, through every rewriting and cutting. The rules
// (which source a new, a merged and a moved character has) are those of the NormalizedString of Hugging Face `tokenizers`.

/** The Unicode normalisation forms. */
export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/** What is put in place of `[start, end)`. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly content: string;
}

/** A character of a rewritten text: 1 if it is new, -n if n characters of the old text are dropped behind it, otherwise 0. */
interface Change {
  readonly character: string;
  readonly change: number;
}

/** A text with, for each of its code units, the range of the original text that it stands for. Immutable. */
export class AlignedText {
  readonly text: string;
  /** Where the text as a whole starts in the original. */
  readonly originalStart: number;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  private constructor(text: string, starts: Uint32Array, ends: Uint32Array, originalStart: number) {
    this.text = text;
    this.originalStart = originalStart;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** A text that is the original of itself. Positions are in code units; both halves of a surrogate pair are one range. */
  static of(text: string): AlignedText {
    const starts = new Uint32Array(text.length);
    const ends = new Uint32Array(text.length);
    for (let at = 0; at < text.length; ) {
      const stop = at + sizeAt(text, at);
      starts.fill(at, at, stop);
      ends.fill(stop, at, stop);
      at = stop;
    }
    return new AlignedText(text, starts, ends, 0);
  }

  /** The original range of `[start, end)`, which must not be empty. */
  originalRange(start: number, end: number): readonly [start: number, end: number] {
    return [this.#starts[start]!, this.#ends[end - 1]!];
  }

  /** The part `[start, end)`. It starts where its first character came from, also if it is the whole text. */
  slice(start: number, end: number): AlignedText {
    const originalStart = start < end ? this.#starts[start]! : this.originalStart;
    if (start === 0 && end === this.text.length && originalStart === this.originalStart) return this;
    return new AlignedText(
      this.text.slice(start, end),
      this.#starts.subarray(start, end),
      this.#ends.subarray(start, end),
      originalStart,
    );
  }

  /**
   * Puts other strings in place of parts. A new string stands for the last character of its part; with `oneByOne` for the
   * characters of the part in turn.
   */
  replace(replacements: Iterable<Replacement>, oneByOne = false): AlignedText {
    const builder = new Builder(this.text.length);
    let done = 0;
    for (const { start, end, content } of replacements) {
      if (content === this.text.slice(start, end)) continue;
      builder.copy(this.text, this.#starts, this.#ends, done, start);
      let source = oneByOne ? start : Math.max(0, end - 1);
      for (const character of content) {
        // What is put in front of the text stands for nothing.
        const isBefore = end === 0 || source >= this.text.length;
        builder.add(
          character,
          isBefore ? this.originalStart : this.#starts[source]!,
          isBefore ? this.originalStart : this.#ends[source]!,
        );
        const next = source + sizeAt(this.text, source);
        if (next < end) source = next;
      }
      done = end;
    }
    if (done === 0 && builder.text === "") return this;
    builder.copy(this.text, this.#starts, this.#ends, done, this.text.length);
    return builder.build(this.originalStart);
  }

  /** The text in a Unicode normalisation form. */
  normalize(form: UnicodeForm): AlignedText {
    const { text } = this;
    const whole = text.normalize(form);
    if (whole === text) return this;
    const isCompatible = form.length === 4;
    const changes = decompose(text, isCompatible ? "NFKD" : "NFD");
    return this.#transform(form === "NFD" || form === "NFKD" ? changes : compose(changes, whole));
  }

  #transform(changes: readonly Change[]): AlignedText {
    const builder = new Builder(this.text.length);
    const last = this.text.length - 1;
    let offset = 0;
    for (const { character, change } of changes) {
      const at = change > 0 ? offset - 1 : Math.min(offset, last);
      builder.add(
        character,
        at < 0 ? this.originalStart : this.#starts[at]!,
        at < 0 ? this.originalStart : this.#ends[at]!,
      );
      for (let left = change > 0 ? 0 : 1 - change; left > 0 && offset <= last; left--)
        offset += sizeAt(this.text, offset);
    }
    return builder.build(this.originalStart);
  }

  /** For `Builder`, which makes new texts. */
  static fromRanges(text: string, starts: Uint32Array, ends: Uint32Array, originalStart: number): AlignedText {
    return new AlignedText(text, starts, ends, originalStart);
  }
}

class Builder {
  text = "";
  #starts: Uint32Array;
  #ends: Uint32Array;

  constructor(expected: number) {
    this.#starts = new Uint32Array(expected + 16);
    this.#ends = new Uint32Array(expected + 16);
  }

  add(character: string, start: number, end: number): void {
    const from = this.text.length;
    this.#reserve(character.length);
    this.#starts.fill(start, from, from + character.length);
    this.#ends.fill(end, from, from + character.length);
    this.text += character;
  }

  copy(text: string, starts: Uint32Array, ends: Uint32Array, from: number, to: number): void {
    if (from >= to) return;
    this.#reserve(to - from);
    this.#starts.set(starts.subarray(from, to), this.text.length);
    this.#ends.set(ends.subarray(from, to), this.text.length);
    this.text += text.slice(from, to);
  }

  build(originalStart: number): AlignedText {
    const { length } = this.text;
    const [starts, ends] = [this.#starts.subarray(0, length), this.#ends.subarray(0, length)];
    return AlignedText.fromRanges(this.text, starts, ends, originalStart);
  }

  #reserve(count: number): void {
    const needed = this.text.length + count;
    if (needed <= this.#starts.length) return;
    const grown = (old: Uint32Array): Uint32Array => {
      const larger = new Uint32Array(Math.max(needed, old.length * 2));
      larger.set(old);
      return larger;
    };
    this.#starts = grown(this.#starts);
    this.#ends = grown(this.#ends);
  }
}

/** How many code units the character at `at` has. */
function sizeAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** The canonical or compatibility decomposition in canonical order, each character with its change. */
function decompose(text: string, form: "NFD" | "NFKD"): Change[] {
  const unsorted: Change[] = [];
  for (const character of text) {
    let change = 0;
    for (const part of character.normalize(form)) {
      unsorted.push({ character: part, change });
      change = 1;
    }
  }
  const sorted = [...text.normalize(form)];
  if (sorted.every((character, index) => character === unsorted[index]!.character)) return unsorted;
  // The order is stable: equal characters keep theirs, so the n-th of a character is the n-th of it before.
  const places = new Map<string, Change[]>();
  for (const entry of unsorted) {
    const same = places.get(entry.character);
    if (same) same.push(entry);
    else places.set(entry.character, [entry]);
  }
  const taken = new Map<string, number>();
  return sorted.map((character) => {
    const index = taken.get(character) ?? 0;
    taken.set(character, index + 1);
    return places.get(character)![index]!;
  });
}

/** Joins decomposed characters to `composed`, the same text in its composed form. */
function compose(decomposed: readonly Change[], composed: string): Change[] {
  const isUsed = new Uint8Array(decomposed.length);
  const result: Change[] = [];
  let first = 0;
  for (const character of composed) {
    while (isUsed[first]) first++;
    const [starter, ...marks] = [...character.normalize("NFD")];
    let at = first;
    while (decomposed[at]!.character !== starter) at++;
    isUsed[at] = 1;
    let { change } = decomposed[at]!;
    for (const mark of marks) {
      while (isUsed[at] || decomposed[at]!.character !== mark) at++;
      isUsed[at] = 1;
      change += decomposed[at]!.change - 1;
    }
    result.push({ character, change });
  }
  return result;
}
