// The strategy that follows several sequences of each prompt and looks for the likeliest whole ones. What is kept, when a sequence
// counts as finished and when the search ends is as in transformers (5.x).
import type { NextRows, Strategy } from "./decode.ts";
import { everythingRuledOut, likeliestToken } from "./drawToken.ts";
import { largest } from "./largest.ts";
import { type LogitsProcessor, logitsProcessors } from "./logitsProcessors.ts";
import { type GeneratedLogprob, logSumExp, tokenLogprob } from "./logprobs.ts";
import type { BatchOptions } from "./options.ts";
import type { Generation, Start } from "./sequences.ts";
import { TextStream, type TokenDecoder } from "./textStream.ts";

/** A sequence that is followed. */
interface Beam {
  readonly ids: readonly number[];
  /** Sum of the log-probabilities of its new tokens, as the processors left them. */
  readonly score: number;
  readonly logprobs: readonly GeneratedLogprob[];
  /** Its row in the decoder's batch. */
  readonly row: number;
}

interface Candidate extends Beam {
  readonly finished: "id" | "string" | "length" | undefined;
}

/** The search for the sequences of one prompt. */
interface Search {
  readonly prompt: number;
  readonly start: Start;
  readonly running: readonly Beam[];
  /** Best first. `score` is that of the end, with the length penalty. */
  readonly finished: readonly Candidate[];
}

interface Settings
  extends Required<Pick<BatchOptions, "beams" | "lengthPenalty" | "earlyStopping" | "numberOfSequences">> {
  readonly processors: readonly LogitsProcessor[];
  readonly options: BatchOptions;
}

export class BeamSearch implements Strategy<Generation> {
  readonly #settings: Settings;
  readonly #found: Generation[][] = [];
  #searches: Search[];

  constructor(starts: readonly Start[], options: BatchOptions) {
    const { beams = 1, lengthPenalty = 1, earlyStopping = false, numberOfSequences = 1 } = options;
    const processors = logitsProcessors(options);
    this.#settings = { beams, lengthPenalty, earlyStopping, numberOfSequences, processors, options };
    this.#searches = starts.map((start, prompt) => ({
      prompt,
      start,
      running: [{ ids: start.ids, score: 0, logprobs: [], row: prompt }],
      finished: [],
    }));
  }

  advance(rows: readonly Float32Array[]): { events: Generation[]; next: NextRows } {
    const goOn: Search[] = [];
    for (const search of this.#searches) {
      const { search: advanced, ended } = step(search, rows, this.#settings);
      if (ended) this.#found[advanced.prompt] = generations(advanced, this.#settings);
      else goOn.push(advanced);
    }
    const running = goOn.flatMap((search) => search.running);
    let row = 0;
    this.#searches = goOn.map((search) => ({
      ...search,
      running: search.running.map((beam) => ({ ...beam, row: row++ })),
    }));
    return {
      events: goOn.length === 0 ? this.#found.flat() : [],
      next: { parents: running.map((beam) => beam.row), ids: running.map(({ ids }) => ids.at(-1)!) },
    };
  }
}

function step(search: Search, rows: readonly Float32Array[], settings: Settings): { search: Search; ended: boolean } {
  const { beams, lengthPenalty, earlyStopping } = settings;
  const { start, finished: before } = search;
  const candidates = bestContinuations(search, rows, settings);
  const length = candidates[0]!.ids.length - start.ids.length;
  // A candidate below the best `beams` is only there to go on in place of a finished one; it does not finish itself.
  const justFinished = candidates
    .slice(0, beams)
    .filter(({ finished }) => finished)
    .map((candidate) => ({ ...candidate, score: candidate.score / length ** lengthPenalty }));
  const finished = [...before, ...justFinished].sort((a, b) => b.score - a.score).slice(0, beams);
  const running = candidates.filter(({ finished }) => !finished).slice(0, beams);
  const advanced = { ...search, running, finished };
  const ended =
    running.length === 0 ||
    (finished.length === beams && (earlyStopping === true || !canImprove(advanced, length, settings)));
  return { search: advanced, ended };
}

/** Whether a running sequence may still become better than the worst finished one, by transformers' estimate. */
function canImprove(
  { running, finished, start }: Search,
  length: number,
  { lengthPenalty, earlyStopping }: Settings,
): boolean {
  const finalLength = earlyStopping === "never" && lengthPenalty > 0 ? start.maxNewTokens : length;
  return running[0]!.score / finalLength ** lengthPenalty > finished.at(-1)!.score;
}

/** The best continuations of all beams, enough that `beams` of them go on whichever of them end: best first. */
function bestContinuations({ running, start }: Search, rows: readonly Float32Array[], settings: Settings): Candidate[] {
  const { beams, processors, options } = settings;
  const count = beams * Math.max(2, 1 + new Set(options.stopIds).size);
  const continuations = running.flatMap((beam) => {
    const logits = rows[beam.row]!;
    likeliestToken(logits); // throws where the logits are no numbers
    const normalizer = logSumExp(logits);
    const scores = logits.map((logit) => logit - normalizer);
    for (const process of processors) process(scores, { ids: beam.ids, promptLength: start.ids.length });
    return largest(scores, count).map((id) => ({ beam, id, score: beam.score + scores[id]! }));
  });
  const possible = continuations
    .filter(({ score }) => score > Number.NEGATIVE_INFINITY)
    .sort((a, b) => b.score - a.score);
  if (possible.length === 0) throw everythingRuledOut();
  return possible.slice(0, count).map(({ beam, id, score }) => {
    const ids = [...beam.ids, id];
    const { logprobs } = options;
    const told = logprobs === undefined ? [] : [...beam.logprobs, tokenLogprob(rows[beam.row]!, id, logprobs)];
    return { ids, score, logprobs: told, row: beam.row, finished: endOf(ids, start, options) };
  });
}

function endOf(ids: readonly number[], start: Start, options: BatchOptions): Candidate["finished"] {
  if (options.stopIds?.includes(ids.at(-1)!)) return "id";
  const { tokenizer, stopStrings = [] } = options;
  const hasText = tokenizer && stopStrings.length > 0;
  if (hasText && textOf(ids.slice(start.ids.length), tokenizer, options).stopped) return "string";
  return ids.length - start.ids.length === start.maxNewTokens ? "length" : undefined;
}

function textOf(
  ids: readonly number[],
  tokenizer: TokenDecoder,
  { stopStrings = [] }: BatchOptions,
): { text: string; stopped: boolean } {
  const stream = new TextStream(tokenizer, stopStrings);
  const text = ids.map((id) => stream.push(id)).join("");
  return { text: stream.stopped ? text : text + stream.end(), stopped: stream.stopped };
}

function generations({ prompt, start, finished }: Search, { numberOfSequences, options }: Settings): Generation[] {
  return finished.slice(0, numberOfSequences).map((sequence) => {
    const end = sequence.finished === "id" ? -1 : undefined;
    const ids = sequence.ids.slice(start.ids.length, end);
    return {
      prompt,
      ids,
      finishReason: sequence.finished === "length" ? "length" : "stop",
      score: sequence.score,
      text: options.tokenizer ? textOf(ids, options.tokenizer, options).text : "",
      ...(options.logprobs !== undefined && { logprobs: sequence.logprobs.slice(0, ids.length) }),
    };
  });
}
