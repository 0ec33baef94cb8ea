// The `pre_tokenizer` of tokenizer.json: how a text is cut into the pieces that merges never cross.
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { translatePattern } from "./oniguruma.ts";
import { patterns, scannerFor } from "./patterns.ts";
import { type Scanner, scanAll } from "./scanners.ts";
import { type SplitBehavior, splitBehavior, splitText } from "./splitPatterns.ts";
import { wordCharacters } from "./wordCharacters.ts";

/** Cuts one piece into smaller ones, and may change them. */
export type PreTokenizerStep = (text: string) => string[];

/** General steps first, one after the other; then the scanner on each piece. Common patterns are a scanner and no steps. */
export interface PreTokenizer {
  readonly steps: readonly PreTokenizerStep[];
  readonly scan: Scanner;
}

const words = new RegExp(`[${wordCharacters}]+|[^${wordCharacters}\\p{White_Space}]+`, "gu");
const supportedKinds = ["ByteLevel", "Digits", "Punctuation", "Sequence", "Split", "Whitespace", "WhitespaceSplit"];

/** A step while the list is being read: a bare pattern may still become the scanner. */
type Stage = { readonly pattern: string } | { readonly step: PreTokenizerStep };

/** @throws FormatError for what is malformed or not supported */
export function parsePreTokenizer(json: unknown): PreTokenizer {
  const where = "pre_tokenizer";
  const definitions = flatten(json, where);
  const byteLevel = definitions.findIndex((definition) => definition.type === "ByteLevel");
  if (byteLevel < 0 || byteLevel !== definitions.length - 1) {
    throw new FormatError(
      `${where}: expected ByteLevel as the only or last pre-tokenizer, got ` +
        `${definitions.map((definition) => String(definition.type)).join(", ") || "none"} (only byte-level BPE is supported)`,
    );
  }
  const stages = definitions.flatMap((definition, index) => readStages(definition, `${where}[${index}]`));
  const last = stages.at(-1);
  const scanner = last && "pattern" in last ? scannerFor(last.pattern) : undefined;
  const general = scanner ? stages.slice(0, -1) : stages;
  return { steps: general.map(asStep), scan: scanner ?? scanAll };
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
      if (asFlag(definition.add_prefix_space, `${where}.add_prefix_space`, true)) stages.push({ step: addPrefixSpace });
      if (asFlag(definition.use_regex, `${where}.use_regex`, true)) stages.push({ pattern: patterns.gpt2 });
      return stages;
    }
    case "Split":
      return [readSplit(definition, where)];
    case "Digits": {
      const alone = asFlag(definition.individual_digits, `${where}.individual_digits`, false);
      return [splitStage(/\p{N}/gu, alone ? "Isolated" : "Contiguous", false)];
    }
    case "Punctuation": {
      const behavior =
        definition.behavior === undefined ? "Isolated" : asString(definition.behavior, `${where}.behavior`);
      return [splitStage(/[!-/:-@[-`{-~\p{P}]/gu, splitBehavior(behavior, `${where}.behavior`), false)];
    }
    case "Whitespace":
      return [splitStage(words, "Removed", true)];
    case "WhitespaceSplit":
      return [splitStage(/\p{White_Space}/gu, "Removed", false)];
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

function splitStage(pattern: RegExp, behavior: SplitBehavior, invert: boolean): Stage {
  return { step: (text) => splitText(text, pattern, behavior, invert) };
}

function asStep(stage: Stage): PreTokenizerStep {
  if ("step" in stage) return stage.step;
  const pattern = translatePattern(stage.pattern);
  return (text) => splitText(text, pattern, "Isolated", false);
}

/** A global pattern that matches `text` as it is spelled. */
export function literalPattern(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");
}

function addPrefixSpace(text: string): string[] {
  return [text.startsWith(" ") ? text : ` ${text}`];
}
