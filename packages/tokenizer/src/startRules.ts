// Whether a piece starts at a code unit, told from its class, those of the two before it and that of the one behind it: the
// patterns of scanners.ts as rules without loops. Where four code units do not tell, a scanner has to decide.
import * as bits from "./characterClasses.ts";

/** Also what stands before a place where a piece is known to start. */
const LOWER = 0;
const UPPER = 1;
/** Letters that are both to o200k. */
const CASELESS = 2;
const DIGIT = 3;
const BLANK = 4;
/** White space that is neither a blank nor a line end. */
const TAB = 5;
const NEWLINE = 6;
const APOSTROPHE = 7;
const SLASH = 8;
const SYMBOL = 9;
/** Symbols, but to o200k letters. */
const MARK = 10;
/** Half of a pair that is a symbol. */
const HALF = 11;
/** The first half of a pair that can be anything. */
export const FOREIGN = 12;

const INSIDE = 0;
const START = 1;
const UNDECIDED = 2;
type Decision = typeof INSIDE | typeof START | typeof UNDECIDED;

/** Decides about `current`, from its class and those of its neighbours. */
export type StartRule = (beforePrevious: number, previous: number, current: number, next: number) => Decision;

/** The class of each code unit. */
export function classifyUnits(): Uint8Array {
  const table = bits.characterClasses();
  return new Uint8Array(1 << 16).map((_, unit) => {
    if (unit >= 0xdc00 && unit < 0xe000) return HALF;
    if (unit >= 0xd800 && unit < 0xdc00) return pairsAreSymbols(table, unit) ? HALF : FOREIGN;
    return unitClass(table[unit]!, unit);
  });
}

function pairsAreSymbols(table: Uint8Array, highSurrogate: number): boolean {
  const first = 0x10000 + ((highSurrogate - 0xd800) << 10);
  return table.subarray(first, first + 1024).every((unitBits) => unitBits === bits.OTHER);
}

function unitClass(unitBits: number, unit: number): number {
  const isUpper = (unitBits & bits.UPPER) !== 0;
  const isLower = (unitBits & bits.LOWER) !== 0;
  if (unitBits & bits.LETTER) return isUpper && isLower ? CASELESS : isUpper ? UPPER : LOWER;
  if (unitBits & bits.NUMBER) return DIGIT;
  if (unitBits & bits.NEWLINE) return NEWLINE;
  if (unitBits & bits.SPACE) return unit === 0x20 ? BLANK : TAB;
  if (isUpper) return MARK;
  return unit === 0x27 ? APOSTROPHE : unit === 0x2f ? SLASH : SYMBOL;
}

/** What `rule` decides for each window: four classes of four bits, the first one highest. */
export function decideAll(rule: StartRule): Uint8Array {
  return new Uint8Array(1 << 16).map((_, window) => {
    const classes = [window >> 12, (window >> 8) & 15, (window >> 4) & 15, window & 15] as const;
    return classes.some((unitClass) => unitClass >= FOREIGN) ? UNDECIDED : rule(...classes);
  });
}

const isLetter = (unitClass: number) => unitClass <= CASELESS;
const isSpace = (unitClass: number) => unitClass >= BLANK && unitClass <= NEWLINE;
const isSymbol = (unitClass: number) => unitClass >= APOSTROPHE && unitClass <= HALF;
const startIf = (condition: boolean) => (condition ? START : INSIDE);

const gpt2Rule: StartRule = (beforePrevious, previous, current, next) => {
  if (isSpace(current)) return startIf(!isSpace(previous) || !isSpace(next));
  if (previous === BLANK) return INSIDE;
  if (current === DIGIT) return startIf(previous !== DIGIT);
  if (isSymbol(current)) return startIf(!isSymbol(previous));
  if (previous === APOSTROPHE && !joinsSymbol(beforePrevious)) return UNDECIDED;
  return startIf(!isLetter(previous));
};

function cl100kRule(maxDigits: number): StartRule {
  return (beforePrevious, previous, current, next) => {
    if (!isLetter(current)) return noLetterRule(beforePrevious, previous, current, next, maxDigits);
    if (isLetter(previous)) return INSIDE;
    // A contraction ends a piece: `'t|is`.
    if (previous === APOSTROPHE && isLetter(next) && !joinsSymbol(beforePrevious)) return UNDECIDED;
    return firstLetterRule(beforePrevious, previous);
  };
}

const o200kRule: StartRule = (beforePrevious, previous, current, next) => {
  if ([beforePrevious, previous, current, next].includes(MARK)) return UNDECIDED;
  if (isLetter(current)) {
    if (!isLetter(previous)) return firstLetterRule(beforePrevious, previous);
    if (current !== UPPER || previous === UPPER) return INSIDE;
    return previous === LOWER ? START : UNDECIDED;
  }
  // A contraction belongs to the word, line ends and slashes to the symbols before them.
  if (current === APOSTROPHE && isLetter(previous) && isLetter(next)) return UNDECIDED;
  if (current === SLASH && previous === NEWLINE) return UNDECIDED;
  return noLetterRule(beforePrevious, previous, current, next, 3);
};

/** The first letter of a word of cl100k and o200k, which one character can precede. */
function firstLetterRule(beforePrevious: number, previous: number): Decision {
  if (previous === HALF) return UNDECIDED;
  const hasPrefix = isSymbol(previous) ? !joinsSymbol(beforePrevious) : previous === BLANK || previous === TAB;
  return startIf(!hasPrefix);
}

/** Whether a symbol behind a character of this class belongs to the piece of that character. */
function joinsSymbol(before: number): boolean {
  return before === BLANK || isSymbol(before);
}

/** Numbers, symbols and white space in cl100k and o200k. */
function noLetterRule(
  beforePrevious: number,
  previous: number,
  current: number,
  next: number,
  maxDigits: number,
): Decision {
  if (current === DIGIT) {
    if (previous !== DIGIT || maxDigits === 1) return START;
    return beforePrevious === DIGIT && next === DIGIT ? UNDECIDED : INSIDE;
  }
  if (isSymbol(current)) return startIf(!joinsSymbol(previous));
  if (current === NEWLINE) {
    if (previous === BLANK || previous === TAB) return UNDECIDED;
    return startIf(isLetter(previous) || previous === DIGIT);
  }
  // White space between line ends is one piece with them, which is seen at the line end behind it.
  return startIf(!isSpace(previous) || previous === NEWLINE || !isSpace(next));
}

/** The rules by the names in patterns.ts. */
export const startRules = {
  gpt2: gpt2Rule,
  cl100k: cl100kRule(3),
  qwen2: cl100kRule(1),
  o200k: o200kRule,
} as const;
