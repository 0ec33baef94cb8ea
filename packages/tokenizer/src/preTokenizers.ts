// The `pre_tokenizer` of tokenizer.json: how a text is cut into the pieces that no token crosses.
import type { AlignedText } from "./alignedText.ts";
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asId, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { translatePattern } from "./oniguruma.ts";
import { cutterFor, patterns } from "./patterns.ts";
import { type PieceCutter, wholeText } from "./pieceCutter.ts";
import { type SplitBehavior, splitBehavior, splitText, type TextRange } from "./splitPatterns.ts";
import { replaceMatches, spellInBytes, type TextRewrite } from "./textRewrite.ts";
import { wordCharacters } from "./wordCharacters.ts";

/** Rewrites each piece, or cuts it into smaller ones. */
export type PreTokenizerStep =
  | { readonly rewrite: TextRewrite; readonly onlyAtStart?: boolean }
  | { readonly cut: (text: string) => readonly TextRange[] };

/** General steps first, one after the other; then the cutter on each piece. Common patterns are a cutter and no steps. */
export interface PreTokenizer {
  readonly steps: readonly PreTokenizerStep[];
  readonly cutter: PieceCutter;
}

const words = new RegExp(`[${wordCharacters}]+|[^${wordCharacters}\\p{White_Space}]+`, "gu");
const punctuation = /[!-/:-@[-`{-~\p{P}]/gu;
const whiteSpace = /\p{White_Space}/gu;
const supportedKinds = [
  ...["BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace", "Punctuation"],
  ...["Sequence", "Split", "Whitespace", "WhitespaceSplit"],
];
const addPrefixSpace = replaceMatches(/^(?! )./gsu, (first) => ` ${first}`);

/** A step while the list is being read: a bare pattern may still become the cutter. */
type Stage = { readonly pattern: string } | PreTokenizerStep;

/** Whether the last pre-tokenizer, and no other, is ByteLevel: then a piece's bytes are what a BPE model works on. */
export function endsInBytes(json: unknown): boolean {
  const definitions = flatten(json, "pre_tokenizer");
  return definitions.length > 0 && definitions.findIndex(isByteLevel) === definitions.length - 1;
}

/**
 * The pre-tokenizer of a byte-level model, which {@link endsInBytes}. Its pieces are left in characters.
 * @throws FormatError for what is malformed or not supported
 */
export function parseByteLevelPreTokenizer(json: unknown): PreTokenizer {
  const stages = readAllStages(json);
  const last = stages.at(-1);
  const cutter = last && "pattern" in last ? cutterFor(last.pattern) : undefined;
  const general = cutter ? stages.slice(0, -1) : stages;
  return { steps: general.map(asStep), cutter: cutter ?? wholeText };
}

/**
 * The steps of a pre-tokenizer for models on characters.
 * @throws FormatError for what is malformed or not supported
 */
export function parsePreTokenizer(json: unknown): PreTokenizerStep[] {
  return flatten(json, "pre_tokenizer").flatMap((definition, index) => {
    const steps = readStages(definition, `pre_tokenizer[${index}]`).map(asStep);
    return isByteLevel(definition) ? [...steps, { rewrite: spellInBytes }] : steps;
  });
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

function isByteLevel(definition: JsonObject): boolean {
  return definition.type === "ByteLevel";
}

function readAllStages(json: unknown): Stage[] {
  return flatten(json, "pre_tokenizer").flatMap((definition, index) =>
    readStages(definition, `pre_tokenizer[${index}]`),
  );
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
    case "CharDelimiterSplit":
      return [splitStage(literalPattern(asString(definition.delimiter, `${where}.delimiter`)), "Removed", false)];
    case "FixedLength":
      return [readFixedLength(definition, where)];
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
  const coversText = cutterFor(source) !== undefined;
  if (coversText && (behavior === "Isolated" || (behavior === "Removed" && invert))) return { pattern: source };
  return splitStage(translatePattern(source), behavior, invert);
}

function readFixedLength(definition: JsonObject, where: string): Stage {
  const length = asId(definition.length ?? 5, `${where}.length`);
  if (length === 0) throw new FormatError(`${where}.length: expected a number of characters from 1, got 0`);
  return splitStage(new RegExp(`.{1,${length}}`, "gsu"), "Isolated", false);
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
