// Which decoders of tokenizer.json can make text token by token: those where a token's text depends on its neighbours only.
import { TokenizerError } from "./errors.ts";
import { asArray, asObject, type JsonObject } from "./jsonFields.ts";

/** What steps in front do to the list of tokens. */
interface SoFar {
  /** Tokens were joined: what follows sees one long token. */
  joins: string | undefined;
  /** Tokens at the start or the end are written differently. */
  places: string | undefined;
  /** Tokens were dropped. */
  drops: string | undefined;
}

/**
 * Refuses the definition of a decoder whose text so far a later token could change.
 * @throws TokenizerError naming the two steps that do not go together
 */
export function checkStreamed(definition: unknown): void {
  const soFar: SoFar = { joins: undefined, places: undefined, drops: undefined };
  for (const step of flatten(definition)) {
    const kind = String(step.type);
    const obstacle = obstacleTo(step, kind, soFar);
    if (obstacle !== undefined) {
      throw new TokenizerError(
        `decodeStream: the decoder has ${kind} behind ${obstacle}, whose text can change with any later token ` +
          "(collect the ids and call decode)",
      );
    }
    if (kind === "Fuse" || kind === "ByteLevel") soFar.joins = kind;
    if (kind === "CTC") soFar.drops = kind;
    if (["BPEDecoder", "ByteFallback", "Metaspace", "WordPiece"].includes(kind)) soFar.places = kind;
  }
}

/** The step in front that `step` does not go with. */
function obstacleTo(step: JsonObject, kind: string, { joins, places, drops }: SoFar): string | undefined {
  if (kind === "Fuse" || kind === "Strip") return undefined;
  if (kind === "Replace") return isOneCharacter(step) ? undefined : joins;
  if (kind === "Metaspace") return drops;
  if (kind === "CTC") return joins ?? drops ?? places;
  return kind === "ByteLevel" ? joins : (joins ?? drops);
}

/** Whether a Replace looks at one character at a time, so that it does not matter where tokens end. */
function isOneCharacter({ pattern }: JsonObject): boolean {
  const { String: text } = asObject(pattern, "decoder.pattern");
  return typeof text === "string" && [...text].length === 1;
}

function flatten(definition: unknown): JsonObject[] {
  if (definition === null || definition === undefined) return [];
  const step = asObject(definition, "decoder");
  return step.type === "Sequence" ? asArray(step.decoders, "decoder.decoders").flatMap(flatten) : [step];
}
