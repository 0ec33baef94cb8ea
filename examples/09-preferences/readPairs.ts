// The pairs of preferences.jsonl as tokens, in the chat template of example 07.
import { join } from "node:path";
import { readJsonlExamples } from "@llm/data";
import { ChatTemplate, type Tokenizer } from "@llm/tokenizer";
import type { Preference } from "@llm/train";
import { chatTemplate } from "../shared/conversations.ts";

const template = new ChatTemplate(chatTemplate);

/** A request up to where the assistant begins to speak. */
export function promptIds(tokenizer: Tokenizer, request: string): Uint32Array {
  const messages = [{ role: "user", content: request }];
  return template.encode(tokenizer, messages, { addGenerationPrompt: true }).inputIds;
}

/** All pairs of which both answers fit into `contextLength` tokens, behind their prompt. */
export async function readPairs(
  tokenizer: Tokenizer,
  { contextLength }: { contextLength: number },
): Promise<Preference[]> {
  const answerIds = (text: unknown) => [...tokenizer.encode(String(text)), tokenizer.tokenToId("<|end|>")!];
  const file = join(import.meta.dirname, "preferences.jsonl");
  const pairs = await readJsonlExamples(file, ({ prompt, chosen, rejected }) => ({
    promptIds: promptIds(tokenizer, String(prompt)),
    chosenIds: answerIds(chosen),
    rejectedIds: answerIds(rejected),
  }));
  return pairs.filter(
    ({ promptIds, chosenIds, rejectedIds }) =>
      promptIds.length + Math.max(chosenIds.length, rejectedIds.length) <= contextLength,
  );
}
