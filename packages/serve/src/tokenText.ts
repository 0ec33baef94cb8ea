// The text by which answers name a single token.
import type { Tokenizer } from "@llm/tokenizer";

/** Its text; of a part of a character, which has none of its own, the name in tokenizer.json, which tells it from other parts. */
export function tokenText(tokenizer: Tokenizer, id: number): string {
  // Rows that pad a model's vocabulary have no text.
  if (id >= tokenizer.vocabularySize) return "";
  const text = tokenizer.decode([id]);
  return isWhole(text) ? text : (tokenizer.idToToken(id) ?? text);
}

/** Its bytes in UTF-8; null where it is a part of a character. */
export function tokenBytes(tokenizer: Tokenizer, id: number): number[] | null {
  const text = id < tokenizer.vocabularySize ? tokenizer.decode([id]) : "";
  return isWhole(text) ? [...new TextEncoder().encode(text)] : null;
}

function isWhole(text: string): boolean {
  return !text.includes("\uFFFD");
}
