// Learn to answer: the next token of conversations, with a loss on what the assistant says alone, and several conversations to a
// sequence that do not see each other.
import { TrainError } from "../errors.ts";
import { checkExampleLength, checkIds, lengthOf } from "./checkIds.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import type { DecoderModel } from "./decoderModel.ts";
import { type LogitsObjective, logitsObjective, randomness } from "./logitsObjective.ts";
import { checkPadding, type PaddingOptions, paddedLength, padRows, tokensIn } from "./padding.ts";
import { ignoreIndex } from "./targets.ts";

/** A conversation as tokens: what `encode` of a `ChatTemplate` of `@llm/tokenizer` gives. */
export interface ChatExample {
  readonly inputIds: ArrayLike<number>;
  /** 1 for a token that is to be learnt: one that the assistant says. */
  readonly lossMask: ArrayLike<number>;
}

/** A conversation, or several that share a sequence: see `packExamples`. */
export type ChatRow = ChatExample | readonly ChatExample[];

/**
 * Cross-entropy of the assistant's tokens, each given what stands before it in its conversation. Conversations that share a sequence
 * are kept apart: positions begin anew, and none sees another. Evaluations tell the `accuracy`.
 */
export function instructionTuning(options: PaddingOptions = {}): LogitsObjective<DecoderModel, readonly ChatRow[]> {
  checkPadding("instructionTuning", options);
  return logitsObjective<DecoderModel, readonly ChatRow[]>({
    name: "instructionTuning",
    settings: {},
    checkModel: (model) => checkKind("instructionTuning", model, "decoder"),
    checkBatch(rows, { config }) {
      for (const [i, row] of examplesIn("instructionTuning", rows)) {
        const chats = chatsOf(row);
        const length = chats.reduce((sum, { inputIds }) => sum + lengthOf("inputIds", inputIds, i), 0);
        checkExampleLength(length, config.contextLength, i);
        for (const { inputIds, lossMask } of chats) {
          checkIds("inputIds", inputIds, config.vocabularySize, { example: i });
          if (lossMask?.length === inputIds.length) continue;
          throw new TrainError(
            `Trainer: example ${i} has ${inputIds.length} tokens and a lossMask of ${lossMask?.length ?? 0} (give each token a 1 or a 0)`,
          );
        }
      }
    },
    prepare(rows, { config }) {
      const chats = rows.map(chatsOf);
      const inputIds = chats.map((row) => row.flatMap(({ inputIds }) => Array.from(inputIds)));
      const labels = chats.map((row) => row.flatMap(nextTokens));
      const length = paddedLength(inputIds, options, config.contextLength);
      const positions = chats.map((row) => row.flatMap(({ inputIds }) => Array.from(inputIds, (_, i) => i)));
      return {
        inputs: {
          inputIds: padRows(inputIds, length, 0),
          labels: padRows(labels, length, ignoreIndex),
          ...(rows.some(Array.isArray) && { positionIds: padRows(positions, length, 0) }),
        },
        tokens: tokensIn(inputIds),
      };
    },
    targets: (model, { inputIds, positionIds, labels }, key) => ({
      logits: model.forward(inputIds!, { positionIds, ...randomness(key) }),
      labels: labels!,
    }),
  });
}

function chatsOf(row: ChatRow): readonly ChatExample[] {
  return Array.isArray(row) ? row : [row as ChatExample];
}

/** At each place the token after it where that is to be learnt, otherwise -100. */
function nextTokens({ inputIds, lossMask }: ChatExample): number[] {
  return Array.from(inputIds, (_, i) => (i + 1 < inputIds.length && lossMask[i + 1] ? inputIds[i + 1]! : ignoreIndex));
}
