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
