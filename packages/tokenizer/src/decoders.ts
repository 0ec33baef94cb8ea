// The `decoder` of tokenizer.json for models on characters: how tokens become text again.
import { spelledBytes } from "./byteAlphabet.ts";
import { asArray, asFlag, asId, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";
import { replacePattern, translatePattern } from "./oniguruma.ts";
import { literalPattern, metaspaceOptions } from "./preTokenizers.ts";

/** Changes the list of tokens; what the last step leaves is joined. */
export type DecoderStep = (tokens: readonly string[]) => readonly string[];

const supportedKinds = [
  ...["BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse"],
  ...["Metaspace", "Replace", "Sequence", "Strip", "WordPiece"],
];
const encoder = new TextEncoder();
const byteToken = /^<0x([\dA-Fa-f]{2})>$/;

/** What BERT's original tokenizer puts right after joining words. */
const cleanups: readonly (readonly [string, string])[] = [
  ...([".", "?", "!", ","].map((mark) => [` ${mark}`, mark]) as [string, string][]),
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** The steps, or undefined if there is no decoder. @throws FormatError for what is malformed or not supported */
export function parseDecoder(json: unknown, where = "decoder"): DecoderStep | undefined {
  if (json === null || json === undefined) return undefined;
  const definition = asObject(json, where);
  const kind = asString(definition.type, `${where}.type`);
  switch (kind) {
    case "BPEDecoder": {
      const suffix = asString(definition.suffix ?? "</w>", `${where}.suffix`);
      return (tokens) => tokens.map((token, index) => token.replaceAll(suffix, index === tokens.length - 1 ? "" : " "));
    }
    case "ByteFallback":
      return joinBytes;
    case "ByteLevel":
      return (tokens) => [decodeUtf8(Uint8Array.from(tokens.flatMap((token) => [...tokenBytes(token)])))];
    case "CTC":
      return readCtc(definition, where);
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "Metaspace":
      return readMetaspace(definition, where);
    case "Replace":
      return readReplace(definition, where);
    case "Sequence": {
      const steps = asArray(definition.decoders, `${where}.decoders`).map(
        (inner, index) => parseDecoder(inner, `${where}[${index}]`) ?? ((tokens: readonly string[]) => tokens),
      );
      return (tokens) => steps.reduce((result, step) => step(result), tokens);
    }
    case "Strip":
      return readStrip(definition, where);
    case "WordPiece":
      return readWordPiece(definition, where);
    default:
      return unsupported(`${where}.type`, kind, supportedKinds);
  }
}

/** The bytes that `token` spells in the byte alphabet, otherwise those of its text. */
export function tokenBytes(token: string): Uint8Array | Uint16Array {
  return spelledBytes(token) ?? encoder.encode(token);
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** Whether `token` is the token of a byte (`<0x0A>`). */
export function isByteToken(token: string): boolean {
  return byteToken.test(token);
}

/** A run of byte tokens is read as UTF-8 as a whole; if it is none, each byte becomes U+FFFD. */
function joinBytes(tokens: readonly string[]): string[] {
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      result.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      for (let left = bytes.length; left > 0; left--) result.push("\ufffd");
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteToken.exec(token)?.[1];
    if (byte !== undefined) {
      bytes.push(Number.parseInt(byte, 16));
      continue;
    }
    flush();
    result.push(token);
  }
  flush();
  return result;
}

function readMetaspace(definition: JsonObject, where: string): DecoderStep {
  const { replacement, scheme } = metaspaceOptions(definition, where);
  return (tokens) =>
    tokens.map((token, index) => token.replaceAll(replacement, index === 0 && scheme !== "never" ? "" : " "));
}

function readReplace(definition: JsonObject, where: string): DecoderStep {
  const pattern = asObject(definition.pattern, `${where}.pattern`);
  const content = asString(definition.content, `${where}.content`);
  const expression =
    typeof pattern.String === "string"
      ? literalPattern(pattern.String)
      : translatePattern(asString(pattern.Regex, `${where}.pattern.Regex`));
  return (tokens) => tokens.map((token) => replacePattern(token, expression, () => content));
}

function readStrip(definition: JsonObject, where: string): DecoderStep {
  const content = asString(definition.content, `${where}.content`);
  const start = asId(definition.start ?? 0, `${where}.start`);
  const stop = asId(definition.stop ?? 0, `${where}.stop`);
  return (tokens) =>
    tokens.map((token) => {
      const characters = [...token];
      let from = 0;
      while (from < start && characters[from] === content) from++;
      let to = characters.length;
      while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
      return characters.slice(from, to).join("");
    });
}

/** Connectionist temporal classification: repeated tokens are one, padding only separates. */
function readCtc(definition: JsonObject, where: string): DecoderStep {
  const padding = asString(definition.pad_token ?? "<pad>", `${where}.pad_token`);
  const delimiter = asString(definition.word_delimiter_token ?? "|", `${where}.word_delimiter_token`);
  const cleanup = asFlag(definition.cleanup, `${where}.cleanup`, true);
  return (tokens) =>
    tokens
      .filter((token, index) => token !== tokens[index - 1])
      .map((token) => token.replaceAll(padding, ""))
      .map((token) => (cleanup ? cleanUp(token).replaceAll(delimiter, " ") : token))
      .filter((token) => token !== "");
}

function readWordPiece(definition: JsonObject, where: string): DecoderStep {
  const prefix = asString(definition.prefix ?? "##", `${where}.prefix`);
  const cleanup = asFlag(definition.cleanup, `${where}.cleanup`, true);
  return (tokens) =>
    tokens.map((token, index) => {
      const joined = index === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? cleanUp(joined) : joined;
    });
}

function cleanUp(text: string): string {
  return cleanups.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}
