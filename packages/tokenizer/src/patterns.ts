// The pre-tokenisation patterns that have a hand-written scanner and rule, in the notation of tokenizer.json (Oniguruma) and tiktoken.
import { PieceCutter } from "./pieceCutter.ts";
import { cl100kScanner, gpt2Scanner, o200kScanner } from "./scanners.ts";

/** The patterns that a tokenizer can be trained with. */
export type PatternName = "gpt2" | "cl100k" | "o200k";

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const endings = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";

function cl100kPattern(numbers: string): string {
  return `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${numbers}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${endings}`;
}

/** The named patterns; `gpt2` is what Hugging Face's ByteLevel pre-tokenizer uses by itself. */
export const patterns: Readonly<Record<PatternName, string>> = {
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  cl100k: cl100kPattern("\\p{N}{1,3}"),
  o200k: [
    `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${contractions}?`,
    `[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${contractions}?`,
    "\\p{N}{1,3}",
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
    endings,
  ].join("|"),
};

/** Qwen 2's pattern: cl100k's with one number to a piece. */
export const qwen2Pattern = cl100kPattern("\\p{N}");

const cutters: ReadonlyMap<string, () => PieceCutter> = new Map([
  [patterns.gpt2, () => new PieceCutter(gpt2Scanner(), "gpt2")],
  [patterns.cl100k, () => new PieceCutter(cl100kScanner(3), "cl100k")],
  [qwen2Pattern, () => new PieceCutter(cl100kScanner(1), "qwen2")],
  [patterns.o200k, () => new PieceCutter(o200kScanner(), "o200k")],
]);

const made = new Map<string, PieceCutter>();

/** What cuts texts as `pattern` says, if there is one. Its pieces cover every text without gaps. */
export function cutterFor(pattern: string): PieceCutter | undefined {
  const cutter = made.get(pattern) ?? cutters.get(pattern)?.();
  if (cutter) made.set(pattern, cutter);
  return cutter;
}
