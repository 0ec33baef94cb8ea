// Token shards of a few made-up documents, bytes as tokens.
import { writeTokenShards } from "@llm/data";
import { hostRandomBits } from "@llm/tensor";

export async function writeTinyShards(folder: string): Promise<void> {
  const encoder = { vocabularySize: 257, encode: (text: string) => new TextEncoder().encode(text) };
  const words = ["the", "cat", "sat", "on", "a", "mat", "and", "then", "went", "home"];
  const documents = Array.from({ length: 40 }, (_, i) => ({
    id: String(i),
    text: Array.from(hostRandomBits(1, `document ${i}`, 30), (bits) => words[bits % words.length]).join(" "),
  }));
  await writeTokenShards(documents, { folder, encoder, endOfTextId: 256, split: { validation: 0.3 } });
}
