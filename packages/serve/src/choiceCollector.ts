// Puts together the choices of an answer that is not streamed, and picks the best where more were made than asked for.
import type { FinishReason, GeneratedLogprob } from "@llm/model";
import type { CompletionListener } from "./completion.ts";
import type { ScoredToken } from "./completionLogprobs.ts";
import type { CompletionRequest } from "./openai.ts";

/** All of a choice. */
export interface MadeChoice {
  text: string;
  /** Of the prompt, where it is repeated and the request asks for them. */
  promptLogprobs: readonly ScoredToken[];
  /** Of the new tokens told of. */
  readonly logprobs: GeneratedLogprob[];
  finishReason: FinishReason | null;
}

export class ChoiceCollector implements CompletionListener {
  readonly #made: MadeChoice[] = [];

  prompt(choice: number, text: string, logprobs: readonly ScoredToken[] = []): void {
    const made = this.#of(choice);
    made.text = text;
    made.promptLogprobs = logprobs;
  }

  text(choice: number, text: string, logprob?: GeneratedLogprob): void {
    const made = this.#of(choice);
    made.text += text;
    if (logprob) made.logprobs.push(logprob);
  }

  finish(choice: number, reason: FinishReason): void {
    this.#of(choice).finishReason = reason;
  }

  /** `n` choices for each prompt, of the `best_of` that were made: those whose tokens are likeliest, the likeliest first. */
  choices({ n, best_of }: CompletionRequest): MadeChoice[] {
    const chosen: MadeChoice[] = [];
    for (let first = 0; first < this.#made.length; first += best_of) {
      const made = this.#made.slice(first, first + best_of);
      if (best_of > n) made.sort((a, b) => meanLogprob(b) - meanLogprob(a));
      chosen.push(...made.slice(0, n));
    }
    return chosen;
  }

  #of(choice: number): MadeChoice {
    this.#made[choice] ??= { text: "", promptLogprobs: [], logprobs: [], finishReason: null };
    return this.#made[choice];
  }
}

/** Of the tokens told of; an empty text is as likely as can be. */
function meanLogprob({ logprobs }: MadeChoice): number {
  return logprobs.reduce((sum, { logprob }) => sum + logprob, 0) / Math.max(1, logprobs.length);
}
