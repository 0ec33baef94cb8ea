// The strategy that chooses one token a step for each sequence: the likeliest, or one drawn.
import type { NextRows, Strategy } from "./decode.ts";
import { drawToken, likeliestToken } from "./drawToken.ts";
import { logitsProcessors, samplingProcessors } from "./logitsProcessors.ts";
import { tokenLogprob } from "./logprobs.ts";
import type { StreamOptions } from "./options.ts";
import type { GenerationEvent, Start } from "./sequences.ts";
import { TextStream } from "./textStream.ts";

interface Sequence {
  readonly index: number;
  readonly prompt: number;
  /** Which of its prompt's sequences it is. */
  readonly number: number;
  readonly ids: number[];
  readonly promptLength: number;
  readonly maxNewTokens: number;
  readonly text: TextStream | undefined;
  /** Its row in the decoder's batch. */
  row: number;
}

export class SampledSequences implements Strategy<GenerationEvent> {
  readonly #options: StreamOptions;
  readonly #choose: (logits: Float32Array, sequence: Sequence) => number;
  #alive: Sequence[];

  constructor(starts: readonly Start[], options: StreamOptions) {
    const { numberOfSequences = 1, tokenizer, stopStrings = [] } = options;
    this.#options = options;
    this.#choose = tokenChooser(options);
    this.#alive = starts.flatMap(({ ids, maxNewTokens }, prompt) =>
      Array.from({ length: numberOfSequences }, (_, number) => ({
        index: prompt * numberOfSequences + number,
        prompt,
        number,
        ids: [...ids],
        promptLength: ids.length,
        maxNewTokens,
        text: tokenizer && new TextStream(tokenizer, stopStrings),
        row: prompt,
      })),
    );
  }

  advance(rows: readonly Float32Array[]): { events: GenerationEvent[]; next: NextRows } {
    const events: GenerationEvent[] = [];
    const goOn = this.#alive.filter((sequence) => this.#extend(sequence, rows[sequence.row]!, events));
    const next = { parents: goOn.map(({ row }) => row), ids: goOn.map(({ ids }) => ids.at(-1)!) };
    for (const [row, sequence] of goOn.entries()) sequence.row = row;
    this.#alive = goOn;
    return { events, next };
  }

  /** Adds a token and reports it; false where the sequence ends. */
  #extend(sequence: Sequence, logits: Float32Array, events: GenerationEvent[]): boolean {
    const { stopIds = [], logprobs } = this.#options;
    const { index, prompt, ids, text } = sequence;
    const of = { sequence: index, prompt };
    const end = (finishReason: "stop" | "length") => {
      const rest = text && !text.stopped ? text.end() : "";
      events.push({ type: "end", ...of, finishReason: text?.stopped ? "stop" : finishReason, text: rest });
      return false;
    };
    const id = this.#choose(logits, sequence);
    if (stopIds.includes(id)) return end("stop");
    ids.push(id);
    const logprob = logprobs === undefined ? undefined : tokenLogprob(logits, id, logprobs);
    events.push({ type: "token", ...of, id, text: text?.push(id) ?? "", ...(logprob && { logprob }) });
    if (text?.stopped) return end("stop");
    return ids.length - sequence.promptLength < sequence.maxNewTokens || end("length");
  }
}

function tokenChooser(options: StreamOptions): (logits: Float32Array, sequence: Sequence) => number {
  const processors = logitsProcessors(options);
  const { temperature = 1, topK = 0, seed = 0 } = options;
  const greedy = temperature === 0 || topK === 1;
  processors.push(...samplingProcessors(options));
  return (logits, { ids, promptLength, number }) => {
    // Also where it is not taken: logits that are no numbers are found before a processor hides them.
    const likeliest = likeliestToken(logits);
    if (processors.length === 0 && greedy) return likeliest;
    const scores = processors.length === 0 ? logits : logits.slice();
    for (const process of processors) process(scores, { ids, promptLength });
    if (greedy) return likeliestToken(scores);
    const step = ids.length - promptLength;
    return drawToken(scores, { seed, place: number === 0 ? `token ${step}` : `sequence ${number} token ${step}` });
  };
}
