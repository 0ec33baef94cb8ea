// The `pre_tokenizer` of tokenizer.json: how a text is cut into the pieces that no token crosses.
import type { AlignedText } from "./alignedText.ts";
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { translatePattern } from "./oniguruma.ts";
import { patterns, scannerFor } from "./patterns.ts";
import { type Scanner, scanAll } from "./scanners.ts";
import { type SplitBehavior, splitBehavior, splitText, type TextRange } from "./splitPatterns.ts";
import { replaceMatches, type TextRewrite } from "./textRewrite.ts";
import { wordCharacters } from "./wordCharacters.ts";

/** Rewrites each piece, or cuts it into smaller ones. */
export type PreTokenizerStep =
  | { readonly rewrite: TextRewrite; readonly onlyAtStart?: boolean }
  | { readonly cut: (text: string) => readonly TextRange[] };

/** General steps first, one after the other; then the scanner on each piece. Common patterns are a scanner and no steps. */
export interface PreTokenizer {
  readonly steps: readonly PreTokenizerStep[];
  readonly scan: Scanner;
}

const words = new RegExp(`[${wordCharacters}]+|[^${wordCharacters}\\p{White_Space}]+`, "gu");
const punctuation = /[!-/:-@[-`{-~\p{P}]/gu;
const whiteSpace = /\p{White_Space}/gu;
const supportedKinds = [
  ...["BertPreTokenizer", "ByteLevel", "Digits", "Metaspace", "Punctuation"],
  ...["Sequence", "Split", "Whitespace", "WhitespaceSplit"],
];
const addPrefixSpace = replaceMatches(/^(?! )./gsu, (first) => ` ${first}`);

/** A step while the list is being read: a bare pattern may still become the scanner. */
type Stage = { readonly pattern: string } | PreTokenizerStep;

/**
 * The pre-tokenizer of a byte-level model, which ends with ByteLevel.
 * @throws FormatError for what is malformed or not supported
 */
export function parseByteLevelPreTokenizer(json: unknown): PreTokenizer {
  const where = "pre_tokenizer";
  const definitions = flatten(json, where);
  const byteLevel = definitions.findIndex((definition) => definition.type === "ByteLevel");
  if (byteLevel < 0 || byteLevel !== definitions.length - 1) {
    throw new FormatError(
      `${where}: expected ByteLevel as the only or last pre-tokenizer, got ` +
        `${definitions.map((definition) => String(definition.type)).join(", ") || "none"} (of BPE only byte-level is supported)`,
    );
  }
  const stages = definitions.flatMap((definition, index) => readStages(definition, `${where}[${index}]`));
  const last = stages.at(-1);
  const scanner = last && "pattern" in last ? scannerFor(last.pattern) : undefined;
  const general = scanner ? stages.slice(0, -1) : stages;
  return { steps: general.map(asStep), scan: scanner ?? scanAll };
}

/**
 * The steps of a pre-tokenizer for models on characters (WordPiece, Unigram).
 * @throws FormatError for what is malformed or not supported
 */
export function parsePreTokenizer(json: unknown): PreTokenizerStep[] {
  const where = "pre_tokenizer";
  const definitions = flatten(json, where);
  if (definitions.some((definition) => definition.type === "ByteLevel")) {
    throw new FormatError(`${where}: ByteLevel is supported for BPE only (WordPiece and Unigram work on characters)`);
  }
  return definitions.flatMap((definition, index) => readStages(definition, `${where}[${index}]`)).map(asStep);
}

/** The pieces of `text`, without empty ones. */
export function cutBySteps(text: string, steps: readonly PreTokenizerStep[]): string[] {
  let pieces = [text.replace(/\p{Cs}/gu, "\ufffd")];
  for (const step of steps) {
    pieces = pieces.flatMap((piece) =>
      "rewrite" in step
        ? step.rewrite.rewrite(piece)
        : step.cut(piece).map(({ start, end }) => piece.slice(start, end)),
    );
  }
  return pieces.filter((piece) => piece !== "");
}

/** The pieces of `text`, which know where they came from. */
export function cutAligned(text: AlignedText, steps: readonly PreTokenizerStep[]): AlignedText[] {
  let pieces = [text];
  for (const step of steps) {
    pieces = pieces.flatMap((piece) => {
      if ("cut" in step) return step.cut(piece.text).map(({ start, end }) => piece.slice(start, end));
      return step.onlyAtStart && piece.originalStart > 0 ? piece : step.rewrite.rewriteAligned(piece);
    });
  }
  return pieces.filter((piece) => piece.text !== "");
}

function flatten(json: unknown, where: string): JsonObject[] {
  if (json === null || json === undefined) return [];
  const definition = asObject(json, where);
  if (definition.type !== "Sequence") return [definition];
  return asArray(definition.pretokenizers, `${where}.pretokenizers`).flatMap((inner) => flatten(inner, where));
}

function readStages(definition: JsonObject, where: string): Stage[] {
  const kind = asString(definition.type, `${where}.type`);
  switch (kind) {
    case "ByteLevel": {
      const stages: Stage[] = [];
      if (asFlag(definition.add_prefix_space, `${where}.add_prefix_space`, true))
        stages.push({ rewrite: addPrefixSpace });
      if (asFlag(definition.use_regex, `${where}.use_regex`, true)) stages.push({ pattern: patterns.gpt2 });
      return stages;
    }
    case "BertPreTokenizer":
      return [splitStage(whiteSpace, "Removed", false), splitStage(punctuation, "Isolated", false)];
    case "Metaspace":
      return readMetaspace(definition, where);
    case "Split":
      return [readSplit(definition, where)];
    case "Digits": {
      const alone = asFlag(definition.individual_digits, `${where}.individual_digits`, false);
      return [splitStage(/\p{N}/gu, alone ? "Isolated" : "Contiguous", false)];
    }
    case "Punctuation": {
      const behavior =
        definition.behavior === undefined ? "Isolated" : asString(definition.behavior, `${where}.behavior`);
      return [splitStage(punctuation, splitBehavior(behavior, `${where}.behavior`), false)];
    }
    case "Whitespace":
      return [splitStage(words, "Removed", true)];
    case "WhitespaceSplit":
      return [splitStage(whiteSpace, "Removed", false)];
    default:
      return unsupported(`${where}.type`, kind, supportedKinds);
  }
}

function readSplit(definition: JsonObject, where: string): Stage {
  const pattern = asObject(definition.pattern, `${where}.pattern`);
  const behavior = splitBehavior(asString(definition.behavior, `${where}.behavior`), `${where}.behavior`);
  const invert = asFlag(definition.invert, `${where}.invert`, false);
  if (typeof pattern.String === "string") return splitStage(literalPattern(pattern.String), behavior, invert);
  const source = asString(pattern.Regex, `${where}.pattern.Regex`);
  // The known patterns match all of a text: for them "the matches alone" and "without what is between" are the same cut.
  const coversText = scannerFor(source) !== undefined;
  if (coversText && (behavior === "Isolated" || (behavior === "Removed" && invert))) return { pattern: source };
  return splitStage(translatePattern(source), behavior, invert);
}

/** SentencePiece's way: spaces become a visible character, and each word starts with one. */
function readMetaspace(definition: JsonObject, where: string): Stage[] {
  const { replacement, scheme, split } = metaspaceOptions(definition, where);
  const mark = replaceMatches(/ /gu, () => replacement);
  const prefix = replaceMatches(/^./gsu, (first) => (first === replacement ? first : replacement + first));
  const stages: Stage[] = [{ rewrite: mark }];
  if (scheme !== "never") stages.push({ rewrite: prefix, onlyAtStart: scheme === "first" });
  if (split) stages.push(splitStage(literalPattern(replacement), "MergedWithNext", false));
  return stages;
}

/** The fields of a Metaspace pre-tokenizer or decoder; older files have `add_prefix_space`. */
export function metaspaceOptions(
  definition: JsonObject,
  where: string,
): { readonly replacement: string; readonly scheme: string; readonly split: boolean } {
  const hasPrefix = asFlag(definition.add_prefix_space, `${where}.add_prefix_space`, true);
  const scheme = asString(definition.prepend_scheme ?? (hasPrefix ? "always" : "never"), `${where}.prepend_scheme`);
  if (!["always", "first", "never"].includes(scheme)) {
    unsupported(`${where}.prepend_scheme`, scheme, ["always", "first", "never"]);
  }
  const replacement = asString(definition.replacement, `${where}.replacement`);
  return { replacement, scheme, split: asFlag(definition.split, `${where}.split`, true) };
}

function splitStage(pattern: RegExp, behavior: SplitBehavior, invert: boolean): PreTokenizerStep {
  return { cut: (text) => splitText(text, pattern, behavior, invert) };
}

function asStep(stage: Stage): PreTokenizerStep {
  return "pattern" in stage ? splitStage(translatePattern(stage.pattern), "Isolated", false) : stage;
}

/** A global pattern that matches `text` as it is spelled. */
export function literalPattern(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");
}
