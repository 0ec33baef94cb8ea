// The `post_processor` of tokenizer.json: which tokens are put around a text or a pair of texts, and how offsets are trimmed.
import { FormatError } from "./errors.ts";
import { asArray, asFlag, asId, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";

/** A place in a template: one of the two texts, or a token with its ids. */
export interface TemplateItem {
  /** 0 for the first text, 1 for the second, undefined for tokens. */
  readonly sequence: number | undefined;
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /** Undefined: as the text has it, 0 for the first and 1 for the second. */
  readonly typeId: number | undefined;
}

/** What a post-processor does. */
export interface PostProcessor {
  readonly single: readonly TemplateItem[];
  readonly pair: readonly TemplateItem[];
  /** White space at a token's ends is not counted to it, as ByteLevel and RoBERTa have it. */
  readonly trims: readonly Trim[];
}

/** One trimming of white space from offsets. */
export interface Trim {
  readonly addPrefixSpace: boolean;
}

/** The ids before and after a text. */
export interface Surroundings {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const supportedKinds = ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"];
const first = textItem(0);
const second = textItem(1);

/** Adds nothing. */
export const plainPostProcessor: PostProcessor = { single: [first], pair: [first, second], trims: [] };

function textItem(sequence: number, typeId?: number): TemplateItem {
  return { sequence, ids: [], tokens: [], typeId };
}

/** The ids that `processor` puts around a single text. */
export function surroundings({ single }: PostProcessor): Surroundings {
  const place = single.findIndex((item) => item.sequence !== undefined);
  const ids = (items: readonly TemplateItem[]): number[] => items.flatMap((item) => [...item.ids]);
  return { before: ids(single.slice(0, Math.max(0, place))), after: ids(single.slice(place + 1)) };
}

/** @throws FormatError for what is malformed or not supported */
export function parsePostProcessor(json: unknown, where = "post_processor"): PostProcessor {
  if (json === null || json === undefined) return plainPostProcessor;
  const definition = asObject(json, where);
  const kind = asString(definition.type, `${where}.type`);
  switch (kind) {
    case "ByteLevel":
      return { ...plainPostProcessor, trims: readTrims(definition, where) };
    case "BertProcessing":
    case "RobertaProcessing":
      return readBert(definition, kind === "RobertaProcessing", where);
    case "TemplateProcessing":
      return {
        single: readTemplate(definition, "single", where),
        pair: readTemplate(definition, "pair", where),
        trims: [],
      };
    case "Sequence":
      return readSequence(definition, where);
    default:
      return unsupported(`${where}.type`, kind, supportedKinds);
  }
}

function readTrims(definition: JsonObject, where: string): Trim[] {
  if (!asFlag(definition.trim_offsets, `${where}.trim_offsets`, true)) return [];
  return [{ addPrefixSpace: asFlag(definition.add_prefix_space, `${where}.add_prefix_space`, true) }];
}

/** `[CLS] A [SEP] B [SEP]`, or RoBERTa's `<s> A </s> </s> B </s>`, in which all types are 0. */
function readBert(definition: JsonObject, isRoberta: boolean, where: string): PostProcessor {
  const token = (field: string, typeId: number): TemplateItem => {
    const [content, id] = asArray(definition[field], `${where}.${field}`);
    return {
      sequence: undefined,
      ids: [asId(id, `${where}.${field}[1]`)],
      tokens: [asString(content, `${where}.${field}[0]`)],
      typeId,
    };
  };
  const secondType = isRoberta ? 0 : 1;
  const single = [token("cls", 0), textItem(0, 0), token("sep", 0)];
  const between = isRoberta ? [token("sep", 0)] : [];
  const pair = [...single, ...between, textItem(1, secondType), token("sep", secondType)];
  return { single, pair, trims: isRoberta ? readTrims(definition, where) : [] };
}

function readSequence(definition: JsonObject, where: string): PostProcessor {
  const inner = asArray(definition.processors, `${where}.processors`).map((processor, index) =>
    parsePostProcessor(processor, `${where}[${index}]`),
  );
  const adding = inner.filter(({ single, pair }) => single.length + pair.length > 3);
  if (adding.length > 1) {
    throw new FormatError(`${where}: ${adding.length} processors of the sequence add tokens (one is supported)`);
  }
  return { ...(adding[0] ?? plainPostProcessor), trims: inner.flatMap(({ trims }) => trims) };
}

function readTemplate(definition: JsonObject, name: "single" | "pair", where: string): TemplateItem[] {
  const special = asObject(definition.special_tokens, `${where}.special_tokens`);
  return asArray(definition[name], `${where}.${name}`).map((json, index) => {
    const place = `${where}.${name}[${index}]`;
    const piece = asObject(json, place);
    if (piece.Sequence !== undefined) {
      const { id, type_id } = asObject(piece.Sequence, `${place}.Sequence`);
      return textItem(id === "B" ? 1 : 0, asId(type_id ?? 0, `${place}.Sequence.type_id`));
    }
    const token = asObject(piece.SpecialToken, `${place}.SpecialToken`);
    const content = asString(token.id, `${place}.SpecialToken.id`);
    const entry = `${where}.special_tokens[${JSON.stringify(content)}]`;
    const known = asObject(special[content], entry);
    return {
      sequence: undefined,
      ids: asArray(known.ids, `${entry}.ids`).map((id) => asId(id, `${entry}.ids`)),
      tokens: asArray(known.tokens ?? [content], `${entry}.tokens`).map((text) => asString(text, `${entry}.tokens`)),
      typeId: asId(token.type_id ?? 0, `${place}.SpecialToken.type_id`),
    };
  });
}
