// The `normalizer` of tokenizer.json: what is done to a text before it is cut into pieces.
import { asArray, asFlag, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { translatePattern } from "./oniguruma.ts";
import { literalPattern } from "./preTokenizers.ts";

export type Normalizer = (text: string) => string;

const unicodeForms = ["NFC", "NFD", "NFKC", "NFKD"] as const;
const supportedKinds = [...unicodeForms, "Lowercase", "Prepend", "Replace", "Sequence", "Strip", "StripAccents"];
const leadingSpace = /^\p{White_Space}+/u;
const trailingSpace = /\p{White_Space}+$/u;

/** The normaliser, or undefined if there is none. @throws FormatError for what is malformed or not supported */
export function parseNormalizer(json: unknown): Normalizer | undefined {
  if (json === null || json === undefined) return undefined;
  const normalize = read(asObject(json, "normalizer"), "normalizer");
  // A lone surrogate is read as U+FFFD; the expressions below would see it as it is.
  return (text) => normalize(text.replace(/\p{Cs}/gu, "\ufffd"));
}

function read(definition: JsonObject, where: string): Normalizer {
  const kind = asString(definition.type, `${where}.type`);
  const form = unicodeForms.find((name) => name === kind);
  if (form) return (text) => text.normalize(form);
  switch (kind) {
    case "Sequence": {
      const steps = asArray(definition.normalizers, `${where}.normalizers`).map((inner, index) =>
        read(asObject(inner, `${where}[${index}]`), `${where}[${index}]`),
      );
      return (text) => steps.reduce((result, step) => step(result), text);
    }
    case "Lowercase":
      // Character by character: a final sigma is not special, unlike in a whole string's toLowerCase.
      return (text) => text.replace(/\p{Changes_When_Lowercased}/gu, (character) => character.toLowerCase());
    case "Prepend": {
      const prefix = asString(definition.prepend, `${where}.prepend`);
      return (text) => (text === "" ? text : prefix + text);
    }
    case "Replace":
      return readReplace(definition, where);
    case "Strip": {
      const left = asFlag(definition.strip_left, `${where}.strip_left`, true);
      const right = asFlag(definition.strip_right, `${where}.strip_right`, true);
      return (text) => {
        const leftStripped = left ? text.replace(leadingSpace, "") : text;
        return right ? leftStripped.replace(trailingSpace, "") : leftStripped;
      };
    }
    case "StripAccents":
      return (text) => text.replace(/\p{M}/gu, "");
    default:
      return unsupported(`${where}.type`, kind, supportedKinds);
  }
}

function readReplace(definition: JsonObject, where: string): Normalizer {
  const pattern = asObject(definition.pattern, `${where}.pattern`);
  const content = asString(definition.content, `${where}.content`);
  const expression =
    typeof pattern.String === "string"
      ? literalPattern(pattern.String)
      : translatePattern(asString(pattern.Regex, `${where}.pattern.Regex`));
  return (text) => text.replace(expression, () => content);
}
