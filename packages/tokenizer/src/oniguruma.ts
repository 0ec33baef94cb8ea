// Translates the regular expressions of tokenizer.json (Oniguruma) and tiktoken (Rust) to JavaScript's.
// Differences covered: `\s`, `\w`, `\d` are Unicode classes, `(?i:…)`, possessive quantifiers, `^` and `$` at each line.
import { FormatError } from "./errors.ts";

const classEscapes: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  d: "\\p{Nd}",
  w: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}",
};
const negatedClassEscapes: Readonly<Record<string, string>> = { S: "\\P{White_Space}", D: "\\P{Nd}" };
/** What `\w` means outside of classes: Oniguruma counts these of Latin-1 as well. */
const wordCharacter = `${classEscapes.w}²³¹¼½¾`;
/** Between a word character and another, whichever comes first; JavaScript's `\b` knows ASCII only. */
const wordBorder = `(?:(?<=[${wordCharacter}])(?![${wordCharacter}])|(?<![${wordCharacter}])(?=[${wordCharacter}]))`;
const keptEscapes = /^[nrtfvbB0-9^$\\.*+?()[\]{}|/]$/;

/** The JavaScript expression (flags `gu`) that matches as `pattern` does. @throws FormatError for what has no translation */
export function translatePattern(pattern: string): RegExp {
  const translator = new Translator(pattern);
  try {
    return new RegExp(translator.translate(), "gu");
  } catch (error) {
    if (FormatError.isInstance(error)) throw error;
    throw new FormatError(`pattern ${JSON.stringify(pattern)}: no regular expression: ${(error as Error).message}`);
  }
}

/** A match of a pattern: the part `[start, end)` of a text. */
export interface PatternMatch {
  readonly start: number;
  readonly end: number;
}

/** The matches of `expression` (flag `g`) in turn. Unlike JavaScript's, none is empty and right behind the one before or inside a character. */
export function* findMatches(text: string, expression: RegExp): Generator<PatternMatch> {
  let last = -1;
  for (const { 0: found, index } of text.matchAll(expression)) {
    if (found === "" && (index === last || isInsidePair(text, index))) continue;
    last = index + found.length;
    yield { start: index, end: last };
  }
}

/** V8 finds some empty matches between the halves of a surrogate pair. */
function isInsidePair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}

/** `text` with `replacement` of each match in its place. */
export function replacePattern(text: string, expression: RegExp, replacement: (match: string) => string): string {
  let result = "";
  let done = 0;
  for (const { start, end } of findMatches(text, expression)) {
    result += text.slice(done, start) + replacement(text.slice(start, end));
    done = end;
  }
  return done === 0 && result === "" ? text : result + text.slice(done);
}

class Translator {
  readonly #pattern: string;
  #at = 0;
  #out = "";
  /** Where the last atom starts in the output: what a quantifier applies to. */
  #atomStart = 0;
  #groups: { start: number; ignoreCase: boolean; atomicName: string | undefined }[] = [];
  #ignoreCase = false;
  #atomicCount = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  translate(): string {
    while (this.#at < this.#pattern.length) this.#step();
    return this.#out;
  }

  #step(): void {
    const character = this.#pattern[this.#at]!;
    const quantifier = /^(?:[*+?]|\{\d*,?\d*\})[?+]?/.exec(this.#pattern.slice(this.#at));
    if (character === "(") this.#openGroup();
    else if (character === ")") this.#closeGroup();
    else if (quantifier) this.#quantify(quantifier[0]);
    else if (character === "|") {
      this.#out += character;
      this.#at++;
    } else {
      this.#atomStart = this.#out.length;
      this.#out += character === "[" ? this.#characterClass() : this.#atom(false);
    }
  }

  #openGroup(): void {
    const opening = /^\((?:\?(?:[:=!>]|<[=!]|i:|-i:|i\)))?/.exec(this.#pattern.slice(this.#at))![0];
    this.#at += opening.length;
    if (opening === "(?i)") {
      this.#ignoreCase = true;
      return;
    }
    if (opening === "(" && this.#pattern[this.#at] === "?") this.#refuse("this kind of group");
    const atomicName = opening === "(?>" ? this.#newAtomicName() : undefined;
    this.#groups.push({ start: this.#out.length, ignoreCase: this.#ignoreCase, atomicName });
    if (opening === "(?i:") this.#ignoreCase = true;
    if (opening === "(?-i:") this.#ignoreCase = false;
    if (atomicName) this.#out += `(?:(?=(?<${atomicName}>`;
    else this.#out += opening.endsWith("i:") ? "(?:" : opening;
  }

  #closeGroup(): void {
    const group = this.#groups.pop();
    if (!group) this.#refuse("an unmatched )");
    this.#ignoreCase = group.ignoreCase;
    this.#atomStart = group.start;
    this.#out += group.atomicName ? `))\\k<${group.atomicName}>)` : ")";
    this.#at++;
  }

  #newAtomicName(): string {
    return `atomic${this.#atomicCount++}`;
  }

  #quantify(quantifier: string): void {
    this.#at += quantifier.length;
    if (quantifier.startsWith("{,")) quantifier = quantifier.replace("{,", "{0,");
    if (!quantifier.endsWith("+") || quantifier === "+") {
      this.#out += quantifier;
      return;
    }
    const before = this.#out.slice(0, this.#atomStart);
    const atom = `${this.#out.slice(this.#atomStart)}${quantifier.slice(0, -1)}`;
    if (quantifier.startsWith("{")) {
      // In Oniguruma's default syntax `{1,3}+` is a repetition of `{1,3}`, not possessive.
      this.#out = `${before}(?:${atom})+`;
      return;
    }
    // A possessive quantifier never gives back: a look-ahead with a back-reference does the same.
    const name = this.#newAtomicName();
    this.#out = `${before}(?:(?=(?<${name}>${atom}))\\k<${name}>)`;
  }

  /**
   * A class, which may hold others (`[a[^b]]`) and intersections (`[a-z&&[^b]]`): these become alternatives and look-aheads,
   * each of which matches one character.
   */
  #characterClass(): string {
    this.#at++;
    const isNegated = this.#pattern[this.#at] === "^";
    if (isNegated) this.#at++;
    const operands = [{ plain: "", nested: [] as string[] }];
    for (let first = true; first || this.#pattern[this.#at] !== "]"; first = false) {
      const operand = operands.at(-1)!;
      if (this.#at >= this.#pattern.length) this.#refuse("a class without ]");
      if (this.#pattern.startsWith("[:", this.#at)) this.#refuse("a POSIX bracket");
      if (this.#pattern.startsWith("\\W", this.#at)) {
        operand.nested.push(`[^${classEscapes.w}]`);
        this.#at += 2;
      } else if (this.#pattern[this.#at] === "[") operand.nested.push(this.#characterClass());
      else if (this.#pattern.startsWith("&&", this.#at)) {
        operands.push({ plain: "", nested: [] });
        this.#at += 2;
      } else operand.plain += first && this.#pattern[this.#at] === "]" ? this.#escapedLiteral() : this.#atom(true);
    }
    this.#at++;
    const [only] = operands;
    if (operands.length === 1 && only!.nested.length === 0) return `[${isNegated ? "^" : ""}${only!.plain}]`;
    const choices = operands.map(({ plain, nested }) => `(?:${[`[${plain}]`, ...nested].join("|")})`);
    const all = choices.map((choice, index) => (index < choices.length - 1 ? `(?=${choice})` : choice)).join("");
    return isNegated ? `(?:(?!${all})[^])` : `(?:${all})`;
  }

  #escapedLiteral(): string {
    return `\\${this.#pattern[this.#at++]!}`;
  }

  /** One character, escape or property, in a class or outside. */
  #atom(inClass: boolean): string {
    const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at)!);
    this.#at += character.length;
    if (character === "\\") return this.#escape(inClass);
    if (!inClass && character === ".") return "[^\\n]";
    if (!inClass && character === "^") return "(?<![^\\n])";
    if (!inClass && character === "$") return "(?![^\\n])";
    if (!inClass && (character === "]" || character === "{" || character === "}")) return `\\${character}`;
    return this.#ignoreCase ? this.#bothCases(character, inClass) : character;
  }

  #escape(inClass: boolean): string {
    const name = this.#pattern[this.#at++];
    if (name === undefined) this.#refuse("a \\ at the end");
    if (!inClass && (name === "b" || name === "B")) return name === "b" ? wordBorder : `(?!${wordBorder})`;
    if (!inClass && (name === "w" || name === "W")) return `[${name === "W" ? "^" : ""}${wordCharacter}]`;
    if (name in classEscapes) return inClass ? classEscapes[name]! : `[${classEscapes[name]!}]`;
    if (name in negatedClassEscapes) return negatedClassEscapes[name]!;
    if (name === "p" || name === "P" || name === "u" || name === "x") return this.#longEscape(name);
    if (keptEscapes.test(name) || (inClass && name === "-")) return `\\${name}`;
    if (/[a-zA-Z]/.test(name)) this.#refuse(`\\${name}`);
    return name;
  }

  #longEscape(name: string): string {
    const argument = /^(?:\{\^?[\w=]+\}|[\dA-Fa-f]{4}|[\dA-Fa-f]{2}|[A-Z])/.exec(this.#pattern.slice(this.#at))?.[0];
    if (argument === undefined) this.#refuse(`\\${name}`);
    this.#at += argument.length;
    if (name === "x" && argument.startsWith("{")) return `\\u${argument}`;
    if (name !== "p" && name !== "P") return `\\${name}${argument}`;
    const property = argument.replace(/[{^}]/g, "");
    // Oniguruma takes the name of a script without saying that it is one.
    const known = [property, `Script=${property}`].find((candidate) => isProperty(candidate));
    if (known === undefined) this.#refuse(`\\${name}${argument}`);
    const isNegated = (name === "P") !== argument.startsWith("{^");
    return `\\${isNegated ? "P" : "p"}{${known}}`;
  }

  /** All characters that match `character` without regard to case (also the long s for s), by JavaScript's own folding. */
  #bothCases(character: string, inClass: boolean): string {
    if (inClass && this.#pattern[this.#at] === "-") this.#refuse("a range without regard to case");
    const variants = new Set([character, character.toLowerCase(), character.toUpperCase()]);
    if (character.toLowerCase() === "s") variants.add("\u017f");
    if (character.toLowerCase() === "k") variants.add("\u212a");
    const single = [...variants].filter((variant) => [...variant].length === 1);
    if (single.length === 1) return character;
    return inClass ? single.join("") : `[${single.join("")}]`;
  }

  #refuse(what: string): never {
    throw new FormatError(
      `pattern ${JSON.stringify(this.#pattern)}: ${what} near position ${this.#at} is not supported ` +
        "(rewrite the pattern without it)",
    );
  }
}

/** Whether JavaScript knows a property of Unicode by this name. */
function isProperty(name: string): boolean {
  try {
    new RegExp(`\\p{${name}}`, "u");
    return true;
  } catch {
    return false;
  }
}
