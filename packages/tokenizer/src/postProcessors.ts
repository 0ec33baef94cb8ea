// The `post_processor` of tokenizer.json: which tokens are put around a text.
import { asArray, asId, asObject, asString, type JsonObject, unsupported } from "./jsonFields.ts";

/** The ids before and after a text. */
export interface Surroundings {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const supportedKinds = ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"];

/** @throws FormatError for what is malformed or not supported */
export function parsePostProcessor(json: unknown, where = "post_processor"): Surroundings {
  if (json === null || json === undefined) return { before: [], after: [] };
  const definition = asObject(json, where);
  const kind = asString(definition.type, `${where}.type`);
  switch (kind) {
    // It trims offsets only; ids stay as they are.
    case "ByteLevel":
      return { before: [], after: [] };
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [pairId(definition, "cls", where)], after: [pairId(definition, "sep", where)] };
    case "TemplateProcessing":
      return readTemplate(definition, where);
    case "Sequence": {
      const inner = asArray(definition.processors, `${where}.processors`);
      return inner
        .map((processor, index) => parsePostProcessor(processor, `${where}[${index}]`))
        .reduce((all, next) => ({ before: [...next.before, ...all.before], after: [...all.after, ...next.after] }), {
          before: [],
          after: [],
        });
    }
    default:
      return unsupported(`${where}.type`, kind, supportedKinds);
  }
}

/** The id of a `["[CLS]", 101]` field. */
function pairId(definition: JsonObject, field: string, where: string): number {
  return asId(asArray(definition[field], `${where}.${field}`)[1], `${where}.${field}[1]`);
}

function readTemplate(definition: JsonObject, where: string): Surroundings {
  const special = asObject(definition.special_tokens, `${where}.special_tokens`);
  const before: number[] = [];
  const after: number[] = [];
  let side = before;
  for (const [index, item] of asArray(definition.single, `${where}.single`).entries()) {
    const place = `${where}.single[${index}]`;
    const piece = asObject(item, place);
    if (piece.Sequence !== undefined) {
      side = after;
      continue;
    }
    const name = asString(asObject(piece.SpecialToken, `${place}.SpecialToken`).id, `${place}.SpecialToken.id`);
    const entry = `${where}.special_tokens[${JSON.stringify(name)}]`;
    const ids = asArray(asObject(special[name], entry).ids, `${entry}.ids`);
    for (const id of ids) side.push(asId(id, `${entry}.ids`));
  }
  return { before, after };
}
