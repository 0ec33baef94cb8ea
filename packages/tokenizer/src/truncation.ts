// Truncation: cuts texts to a number of tokens and keeps what was cut off in windows that may overlap.
import type { PlacedToken, TokenWindows } from "./encoding.ts";
import { FormatError, TokenizerError } from "./errors.ts";
import { asId, asObject, asString, unsupported } from "./jsonFields.ts";

const strategies = { LongestFirst: "longestFirst", OnlyFirst: "onlyFirst", OnlySecond: "onlySecond" } as const;

/** How texts are cut. */
export interface Truncation {
  /** Tokens of the whole, with those that are put around the texts. */
  readonly maxLength: number;
  /** How many tokens two windows next to each other share. Default 0. */
  readonly stride?: number;
  /** Which text of a pair is cut. Default `"longestFirst"`. */
  readonly strategy?: (typeof strategies)[keyof typeof strategies];
  /** The end at which tokens are cut off. Default `"right"`. */
  readonly direction?: "left" | "right";
}

/** @throws FormatError for what is malformed */
export function parseTruncation(json: unknown): Truncation | undefined {
  if (json === null || json === undefined) return undefined;
  const definition = asObject(json, "truncation");
  const name = asString(definition.strategy ?? "LongestFirst", "truncation.strategy");
  if (!Object.hasOwn(strategies, name)) unsupported("truncation.strategy", name, Object.keys(strategies));
  return {
    maxLength: asId(definition.max_length, "truncation.max_length"),
    stride: asId(definition.stride ?? 0, "truncation.stride"),
    strategy: strategies[name as keyof typeof strategies],
    direction: readDirection(definition.direction, "truncation.direction"),
  };
}

/** `"Left"` or `"Right"`, which it is by default. */
export function readDirection(json: unknown, where: string): "left" | "right" {
  const name = asString(json ?? "Right", where).toLowerCase();
  if (name !== "left" && name !== "right") throw new FormatError(`${where}: expected Left or Right, got "${name}"`);
  return name;
}

/**
 * Cuts one text or two to `maxLength` tokens together.
 * @param added how many tokens will be put around the texts
 * @throws TokenizerError if the tokens around the texts alone are more, or the one text to be cut is too short
 */
export function truncateTexts(
  texts: readonly (readonly PlacedToken[])[],
  truncation: Truncation,
  added: number,
): TokenWindows[] {
  const { maxLength, stride = 0, strategy = "longestFirst", direction = "right" } = truncation;
  if (!Number.isInteger(maxLength) || maxLength < added) {
    throw new TokenizerError(
      `truncation: maxLength must be a whole number from ${added} (the tokens around the texts), got ${maxLength}`,
    );
  }
  const lengths = shorterLengths(
    texts.map((text) => text.length),
    maxLength - added,
    strategy,
  );
  return texts.map((text, index) => cutWindows(text, lengths[index]!, stride, direction));
}

function shorterLengths(lengths: readonly number[], limit: number, strategy: Truncation["strategy"]): number[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total <= limit) return [...lengths];
  if (limit === 0) return lengths.map(() => 0);
  if (strategy === "longestFirst") {
    if (lengths.length === 1) return [limit];
    const short = Math.min(...lengths);
    const long = Math.max(short, limit - short);
    // Both texts are longer than their half: then the second half, which is the longer one, goes to the longer text.
    const halves = [Math.floor(limit / 2), limit - Math.floor(limit / 2)];
    const [forShort, forLong] = short + long > limit ? halves : [short, long];
    return lengths[0]! > lengths[1]! ? [forLong!, forShort!] : [forShort!, forLong!];
  }
  const target = strategy === "onlyFirst" ? 0 : 1;
  const left = (lengths[target] ?? 0) - (total - limit);
  if (left <= 0) {
    throw new TokenizerError(
      `truncation: ${total} tokens cannot be cut to ${limit} in the ${target === 0 ? "first" : "second"} text alone, which ` +
        `has ${lengths[target] ?? "no"} tokens (use the strategy longestFirst or a larger maxLength)`,
    );
  }
  return lengths.map((length, index) => (index === target ? left : length));
}

function cutWindows(
  text: readonly PlacedToken[],
  length: number,
  stride: number,
  direction: "left" | "right",
): TokenWindows {
  if (text.length <= length) return { main: text, overflowing: [] };
  if (length === 0) return { main: [], overflowing: [text] };
  if (!Number.isInteger(stride) || stride < 0 || stride >= length) {
    throw new TokenizerError(
      `truncation: stride must be a whole number from 0 to ${length - 1} (a text has ${length} tokens left), got ${stride}`,
    );
  }
  const windows: (readonly PlacedToken[])[] = [];
  for (let done = 0; ; done += length - stride) {
    const isLast = done + length >= text.length;
    const [start, end] =
      direction === "right"
        ? [done, Math.min(done + length, text.length)]
        : [Math.max(0, text.length - done - length), text.length - done];
    windows.push(text.slice(start, end));
    if (isLast) break;
  }
  const [main, ...overflowing] = windows;
  return { main: main!, overflowing };
}
