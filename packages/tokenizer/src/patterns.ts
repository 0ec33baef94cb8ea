// The pre-tokenisation patterns that have a hand-written scanner, in the notation of tokenizer.json (Oniguruma) and tiktoken.
import { cl100kScanner, gpt2Scanner, o200kScanner, type Scanner } from "./scanners.ts";

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

const scanners: ReadonlyMap<string, () => Scanner> = new Map([
  [patterns.gpt2, gpt2Scanner],
  [patterns.cl100k, () => cl100kScanner(3)],
  [qwen2Pattern, () => cl100kScanner(1)],
  [patterns.o200k, o200kScanner],
]);

/** The scanner that does what `pattern` says, if there is one. Its matches cover every text without gaps. */
export function scannerFor(pattern: string): Scanner | undefined {
  return scanners.get(pattern)?.();
}
