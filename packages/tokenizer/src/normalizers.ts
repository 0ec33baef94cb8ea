// The `normalizer` of tokenizer.json: what is done to a text before it is cut into pieces.
import { asArray, asFlag, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { translatePattern } from "./oniguruma.ts";
import { readPrecompiled } from "./precompiled.ts";
import { literalPattern } from "./preTokenizers.ts";
import { replaceMatches, rewriteInTurn, spellInBytes, type TextRewrite, unicodeForm } from "./textRewrite.ts";

const unicodeForms = ["NFC", "NFD", "NFKC", "NFKD"] as const;
const supportedKinds = [
  ...["BertNormalizer", "ByteLevel", "Lowercase", ...unicodeForms, "Nmt", "Precompiled", "Prepend"],
  ...["Replace", "Sequence", "Strip", "StripAccents"],
];
// A lone surrogate is read as U+FFFD; the expressions would see it as it is.
const wellFormed = replaceMatches(/\p{Cs}/gu, () => "\ufffd");
const leadingSpace = replaceMatches(/^\p{White_Space}+/gu, () => "");
const trailingSpace = replaceMatches(/(?<!\p{White_Space})\p{White_Space}+$/gu, () => "");
// Character by character: a final sigma is not special, unlike in a whole string's toLowerCase.
const lowercase = replaceMatches(/\p{Changes_When_Lowercased}/gu, (character) => character.toLowerCase());
const withoutMarks = replaceMatches(/\p{M}/gu, () => "");
const withoutNonspacingMarks = replaceMatches(/\p{Mn}/gu, () => "");
/** Controls, format characters and private use, without the white space among them. */
const withoutControls = replaceMatches(/[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu, () => "");
/** What SentencePiece's `nmt` rules drop and read as a space. */
const withoutNmtControls = replaceMatches(/(?![\0\t\n\f\r\u0080-\u008e\u0090-\u009e])\p{Cc}/gu, () => "");
const nmtSpaces = replaceMatches(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/gu, () => " ");
const plainSpaces = replaceMatches(/\p{White_Space}/gu, () => " ");
const ideographs =
  "\u4e00-\u9fff\u3400-\u4dbf\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\uf900-\ufaff\\u{2f800}-\\u{2fa1f}";
const spacedIdeographs = replaceMatches(new RegExp(`[${ideographs}]`, "gu"), (character) => ` ${character} `);

/** The normaliser, or undefined if there is none. @throws FormatError for what is malformed or not supported */
export function parseNormalizer(json: unknown): TextRewrite | undefined {
  if (json === null || json === undefined) return undefined;
  return rewriteInTurn([wellFormed, read(asObject(json, "normalizer"), "normalizer")]);
}

function read(definition: JsonObject, where: string): TextRewrite {
  const kind = asString(definition.type, `${where}.type`);
  const form = unicodeForms.find((name) => name === kind);
  if (form) return unicodeForm(form);
  switch (kind) {
    case "Sequence":
      return rewriteInTurn(
        asArray(definition.normalizers, `${where}.normalizers`).map((inner, index) =>
          read(asObject(inner, `${where}[${index}]`), `${where}[${index}]`),
        ),
      );
    case "BertNormalizer":
      return readBert(definition, where);
    case "ByteLevel":
      return spellInBytes;
    case "Lowercase":
      return lowercase;
    case "Nmt":
      return rewriteInTurn([withoutNmtControls, nmtSpaces]);
    case "Precompiled":
      return readPrecompiled(definition, where);
    case "Prepend": {
      const prefix = asString(definition.prepend, `${where}.prepend`);
      return replaceMatches(/^./gsu, (first) => prefix + first);
    }
    case "Replace":
      return readReplace(definition, where);
    case "Strip": {
      const left = asFlag(definition.strip_left, `${where}.strip_left`, true);
      const right = asFlag(definition.strip_right, `${where}.strip_right`, true);
      return rewriteInTurn([...(left ? [leadingSpace] : []), ...(right ? [trailingSpace] : [])]);
    }
    case "StripAccents":
      return withoutMarks;
    default:
      return unsupported(`${where}.type`, kind, supportedKinds);
  }
}

/** The basic cleaning of BERT (Devlin et al. 2018). */
function readBert(definition: JsonObject, where: string): TextRewrite {
  const flag = (name: string, whenMissing: boolean): boolean =>
    asFlag(definition[name], `${where}.${name}`, whenMissing);
  const lower = flag("lowercase", true);
  const steps: TextRewrite[] = [];
  if (flag("clean_text", true)) steps.push(withoutControls, plainSpaces);
  if (flag("handle_chinese_chars", true)) steps.push(spacedIdeographs);
  if (flag("strip_accents", lower)) steps.push(unicodeForm("NFD"), withoutNonspacingMarks);
  if (lower) steps.push(lowercase);
  return rewriteInTurn(steps);
}

function readReplace(definition: JsonObject, where: string): TextRewrite {
  const pattern = asObject(definition.pattern, `${where}.pattern`);
  const content = asString(definition.content, `${where}.content`);
  const expression =
    typeof pattern.String === "string"
      ? literalPattern(pattern.String)
      : translatePattern(asString(pattern.Regex, `${where}.pattern.Regex`));
  return replaceMatches(expression, () => content);
}
