// Plain text from LaTeX: what a reader of the paper reads, with formulas kept as they are written and without the
// bibliography, citations, references, drawings and tables. No TeX is run: commands that are not known lose their name
// and keep what stands in their braces.
import { matchBraces } from "./latexBraces.ts";
import { expandMacros } from "./latexMacros.ts";
import { type FindInput, removeComments, resolveInputs } from "./latexSource.ts";
import {
  droppedCommands,
  droppedEnvironments,
  floatEnvironments,
  headingCommands,
  latexAccents,
  latexSymbols,
  mathEnvironments,
  verbatimEnvironments,
} from "./latexSymbols.ts";

/** Options of `latexToPlain`. */
export interface LatexOptions {
  /** Gives the text of the files that `\input` and its like name. Default: they are left out. */
  readonly findInput?: FindInput;
  /** Most characters that files read in may have together. Default 64 Mi. */
  readonly maxInputLength?: number;
}

const maxFloatDepth = 4;
// Signs that are no characters of any text (Unicode keeps them for such use) mark, until white space is tidied: where
// something was dropped, where an item of a list begins, and where text stands that was kept as written.
const gapMark = "\ufdd0";
const itemMark = "\ufdd1";
const rawMark = "\ufdd2";
const rawPlace = /\ufdd2(\d+)\ufdd2/g;

/**
 * The text of a LaTeX document: paragraphs, headings, captions and list items parted by blank lines or line ends. Of a
 * whole document, the title and what lies between `\begin{document}` and `\end{document}`. Takes time in proportion to
 * the text, however its groups are nested or left open.
 */
export function latexToPlain(source: string, options: LatexOptions = {}): string {
  const clean = removeComments(source.replace(/[\ufdd0-\ufdd2]/g, ""));
  const limit = options.maxInputLength ?? 64 << 20;
  const whole = expandMacros(options.findInput ? resolveInputs(clean, options.findInput, limit) : clean);
  const begin = whole.indexOf("\\begin{document}");
  const end = whole.indexOf("\\end{document}", Math.max(begin, 0));
  const body = begin === -1 ? whole : whole.slice(begin + "\\begin{document}".length, end === -1 ? undefined : end);
  // A title in the preamble is that of the paper all the same.
  const raw: string[] = [];
  const head = new LatexReader(titleOf(whole.slice(0, Math.max(begin, 0))), raw).read();
  return tidy(`${head}\n\n${new LatexReader(body, raw).read()}`, raw);
}

/** What stands in the braces of `\title{…}`. */
function titleOf(preamble: string): string {
  const title = /\\title\s*(?:\[[^\]]*\]\s*)?\{/g;
  if (!title.test(preamble)) return "";
  const close = matchBraces(preamble)[title.lastIndex - 1] as number;
  return close < 0 ? "" : preamble.slice(title.lastIndex, close);
}

/** One pass over a text. */
class LatexReader {
  readonly #text: string;
  readonly #raw: string[];
  readonly #depth: number;
  readonly #matches: Int32Array;
  /** What is written where a group ends. */
  readonly #atClose = new Map<number, string>();
  /** Ends that were looked for and are not there from here on: looking again would take quadratic time. */
  readonly #missing = new Set<string>();
  readonly #pieces: string[] = [];
  #at = 0;

  constructor(text: string, raw: string[], depth = 0) {
    this.#text = text;
    this.#raw = raw;
    this.#depth = depth;
    this.#matches = matchBraces(text);
  }

  read(): string {
    const special = /[\\{}$~`'-]/g;
    while (this.#at < this.#text.length) {
      special.lastIndex = this.#at;
      const next = special.exec(this.#text)?.index ?? this.#text.length;
      this.#pieces.push(this.#text.slice(this.#at, next));
      this.#at = next;
      if (next < this.#text.length) this.#sign(this.#text[next] as string);
    }
    return this.#pieces.join("");
  }

  #sign(sign: string): void {
    if (sign === "\\") this.#command();
    else if (sign === "$") this.#dollars();
    else if (sign === "{") this.#at += 1;
    else if (sign === "}") {
      this.#pieces.push(this.#atClose.get(this.#at) ?? "");
      this.#at += 1;
    } else if (sign === "~") this.#replace(1, " ");
    else this.#ligature();
  }

  #replace(length: number, text: string): void {
    this.#pieces.push(text);
    this.#at += length;
  }

  #ligature(): void {
    const starts = (text: string): boolean => this.#text.startsWith(text, this.#at);
    if (starts("---")) this.#replace(3, "—");
    else if (starts("--")) this.#replace(2, "–");
    else if (starts("``")) this.#replace(2, "“");
    else if (starts("''")) this.#replace(2, "”");
    else this.#replace(1, starts("`") ? "‘" : starts("'") ? "’" : (this.#text[this.#at] as string));
  }

  #dollars(): void {
    const marks = this.#text.startsWith("$$", this.#at) ? "$$" : "$";
    const end = this.#findEnd(marks, this.#at + marks.length);
    if (end === -1) this.#at += marks.length;
    else this.#formula(end + marks.length, marks === "$$");
  }

  /** Place of the end that is not escaped; -1 without one. */
  #findEnd(end: string, from: number): number {
    if (this.#missing.has(end)) return -1;
    let at = this.#text.indexOf(end, from);
    while (at !== -1 && end.startsWith("$") && this.#text[at - 1] === "\\" && this.#text[at - 2] !== "\\") {
      at = this.#text.indexOf(end, at + 1);
    }
    if (at === -1) this.#missing.add(end);
    return at;
  }

  /** Keeps a formula as it is written, on one line where it stands in one. */
  #formula(end: number, displayed: boolean): void {
    const formula = this.#text
      .slice(this.#at, end)
      .replace(/\s*\\(?:label|tag)\s*\{[^{}]*\}/g, "")
      .replace(/[ \t]*\n\s*/g, displayed ? "\n" : " ")
      .trim();
    this.#keepRaw(formula, displayed);
    this.#at = end;
  }

  #keepRaw(text: string, displayed: boolean): void {
    const mark = `${rawMark}${this.#raw.length}${rawMark}`;
    this.#raw.push(text);
    this.#pieces.push(displayed ? `\n\n${mark}\n\n` : mark);
  }

  #command(): void {
    const pattern = /\\(?:([A-Za-z@]+)\*?[ \t]*(?:\n(?!\s*\n)[ \t]*)?|([\s\S]?))/y;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    const name = match?.[1] ?? match?.[2] ?? "";
    const start = this.#at;
    this.#at = pattern.lastIndex;
    const symbol = latexSymbols.get(name);
    const accent = latexAccents.get(name);
    if (name === "(" || name === "[") this.#bracketFormula(start, name);
    else if (name === "begin") this.#environment(start);
    else if (name === "end") this.#skipGroups(1, "\n\n");
    else if (name === "verb") this.#verb();
    else if (name === "\\") this.#lineBreak();
    else if (name === "item") {
      this.#skipOptional();
      this.#pieces.push(`${itemMark}- `);
    } else if (symbol !== undefined) this.#pieces.push(symbol);
    else if (accent !== undefined) this.#accent(accent);
    else if (droppedCommands.has(name)) this.#dropCommand();
    else this.#textCommand(name);
  }

  #bracketFormula(start: number, name: string): void {
    const end = this.#findEnd(name === "(" ? "\\)" : "\\]", this.#at);
    if (end === -1) return;
    this.#at = start;
    this.#formula(end + 2, name === "[");
  }

  #verb(): void {
    const mark = this.#text[this.#at] ?? "";
    const end = this.#text.indexOf(mark, this.#at + 1);
    const lineEnd = this.#text.indexOf("\n", this.#at);
    if (mark === "" || end === -1 || (lineEnd !== -1 && lineEnd < end)) return;
    this.#keepRaw(this.#text.slice(this.#at + 1, end), false);
    this.#at = end + 1;
  }

  #lineBreak(): void {
    if (this.#text[this.#at] === "*") this.#at += 1;
    this.#skipOptional();
    this.#pieces.push("\n");
  }

  #accent(mark: string): void {
    const letter = /\s*(?:\{\s*)?(?:\\([ij])(?![A-Za-z])\s*|(\p{L}))(?:\s*\})?/uy;
    letter.lastIndex = this.#at;
    const match = letter.exec(this.#text);
    if (!match) return;
    // The dotless letters are written to carry an accent: with it they are the common ones.
    this.#pieces.push(`${match[1] ?? match[2]}${mark}`.normalize("NFC"));
    this.#at = letter.lastIndex;
  }

  #dropCommand(): void {
    // White space before what goes would stand before the comma that follows.
    this.#pieces.push(gapMark);
    for (;;) {
      if (this.#skipOptional()) continue;
      const open = this.#nextGroup();
      if (open === undefined) return;
      this.#at = (this.#matches[open] as number) + 1;
    }
  }

  #textCommand(name: string): void {
    if (name === "href" || name === "textcolor" || name === "colorbox" || name === "resizebox") {
      this.#skipGroups(name === "resizebox" ? 2 : 1, "");
    }
    this.#skipOptional();
    const open = this.#nextGroup();
    if (open === undefined) return;
    this.#at = open + 1;
    const close = this.#matches[open] as number;
    if (headingCommands.has(name)) {
      this.#pieces.push("\n\n");
      this.#atClose.set(close, "\n\n");
    } else if (name === "footnote") {
      this.#pieces.push(" (");
      this.#atClose.set(close, ")");
    }
  }

  /** The place at hand, where a group that is closed opens there. */
  #nextGroup(): number | undefined {
    return this.#text[this.#at] === "{" && (this.#matches[this.#at] as number) >= 0 ? this.#at : undefined;
  }

  #skipGroups(count: number, text: string): void {
    for (let group = 0; group < count; group += 1) {
      const open = this.#nextGroup();
      if (open !== undefined) this.#at = (this.#matches[open] as number) + 1;
    }
    this.#pieces.push(text);
  }

  #skipOptional(): boolean {
    const optional = /\[[^[\]\n]{0,500}\]/y;
    optional.lastIndex = this.#at;
    const found = optional.test(this.#text);
    if (found) this.#at = optional.lastIndex;
    return found;
  }

  #environment(start: number): void {
    const open = this.#nextGroup();
    if (open === undefined) return;
    const bodyStart = (this.#matches[open] as number) + 1;
    const name = this.#text.slice(open + 1, bodyStart - 1).trim();
    this.#at = bodyStart;
    const isMath = mathEnvironments.has(name);
    const isVerbatim = verbatimEnvironments.has(name);
    if (!isMath && !isVerbatim && !droppedEnvironments.has(name) && !floatEnvironments.has(name)) {
      this.#skipOptional();
      this.#pieces.push("\n\n");
      return;
    }
    const ending = `\\end{${name}}`;
    const end = this.#findEnd(ending, bodyStart);
    if (end === -1) return;
    if (isMath) {
      this.#at = start;
      this.#formula(end + ending.length, true);
      return;
    }
    const content = this.#text.slice(bodyStart, end);
    this.#at = end + ending.length;
    if (isVerbatim) this.#keepRaw(content.replace(/^(?:\[[^\]\n]*\])?(?:\{[^}\n]*\})?\n/, "").trimEnd(), true);
    else if (floatEnvironments.has(name)) this.#pieces.push(`\n\n${this.#captions(content)}\n\n`);
  }

  #captions(content: string): string {
    if (this.#depth >= maxFloatDepth) return "";
    const matches = matchBraces(content);
    const found: string[] = [];
    const caption = /\\caption\*?\s*(?:\[[^\]]*\]\s*)?\{/g;
    for (let match = caption.exec(content); match; match = caption.exec(content)) {
      const close = matches[caption.lastIndex - 1] as number;
      if (close < 0) continue;
      found.push(new LatexReader(content.slice(caption.lastIndex, close), this.#raw, this.#depth + 1).read());
      caption.lastIndex = close;
    }
    return found.join("\n\n");
  }
}

/** White space as a reader sees it: line ends within a paragraph are spaces, paragraphs are parted by a blank line. */
function tidy(text: string, raw: readonly string[]): string {
  const paragraphs = text.split(/\n[ \t]*\n\s*/).map((paragraph) =>
    paragraph
      .split(itemMark)
      .map(tidyLine)
      .filter((line) => line !== "" && line !== "-")
      .join("\n"),
  );
  const plain = paragraphs.filter((paragraph) => paragraph !== "").join("\n\n");
  return plain.replace(rawPlace, (_, index: string) => raw[Number(index)] ?? "");
}

// "(see ", a citation, " and ", another one, ")".
const emptyBrackets =
  /[([](?:(?:see|also|cf|e\.g|i\.e|and|or|in|from|by|Figures?|Tables?|Sections?|Eqs?)\b|[.,; \ufdd0]){1,40}[)\]]/gi;

/** What dropped citations and references leave behind, "(see )" and " ,", goes too. */
function tidyLine(line: string): string {
  return line
    .replace(/[\s\ufdd0]+/g, (space) => (space.includes(gapMark) ? gapMark : " "))
    .replace(emptyBrackets, (brackets) => (brackets.includes(gapMark) ? gapMark : brackets))
    .replace(/[ \ufdd0]+/g, (space) => (space.includes(gapMark) ? gapMark : " "))
    .replaceAll(`.${gapMark}.`, ".")
    .replace(/\ufdd0(?=[.,;:!?)\]])/g, "")
    .replace(/([([])\ufdd0/g, "$1")
    .replaceAll(gapMark, " ")
    .replace(/ {2,}/g, " ")
    .trim();
}
