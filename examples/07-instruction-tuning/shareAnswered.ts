// How many questions a model answers with just the right words, decoded greedily.
import { type CausalLanguageModel, TextGenerator } from "@llm/model";
import type { ChatTemplate, Tokenizer } from "@llm/tokenizer";
import type { Exchange } from "../shared/conversations.ts";

export async function shareAnswered(
  model: CausalLanguageModel,
  { questions, template, tokenizer }: { questions: readonly Exchange[]; template: ChatTemplate; tokenizer: Tokenizer },
): Promise<number> {
  const generator = new TextGenerator(model);
  const prompts = questions.map(([user]) => template.encode(tokenizer, [user], { addGenerationPrompt: true }).inputIds);
  const stopIds = [tokenizer.tokenToId("<|end|>")!];
  const answers = await generator.generateBatch(prompts, { maxNewTokens: 16, temperature: 0, tokenizer, stopIds });
  generator.dispose();
  console.log(`“${questions.at(-1)![0].content}” “${answers.at(-1)!.text}”`);
  return answers.filter(({ text }, i) => text === questions[i]![1].content).length / questions.length;
}

/** What is right where every question is given the commonest answer of those learnt. */
export function shareOfCommonest(questions: readonly Exchange[], learnt: readonly Exchange[]): Record<string, number> {
  const commonest = commonestAnswer(learnt);
  const right = questions.filter(([, { content }]) => content === commonest);
  return { [`"${commonest}" for all`]: right.length / questions.length };
}

function commonestAnswer(exchanges: readonly Exchange[]): string {
  const counts = new Map<string, number>();
  for (const [, { content }] of exchanges) counts.set(String(content), (counts.get(String(content)) ?? 0) + 1);
  return [...counts.keys()].reduce((a, b) => (counts.get(a)! >= counts.get(b)! ? a : b));
}
