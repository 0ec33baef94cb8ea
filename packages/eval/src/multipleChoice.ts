// Multiple choice as EleutherAI's lm-evaluation-harness scores it: the choice that a model finds likeliest behind the question.
import { type CausalLanguageModel, TokenScorer } from "@llm/model";
import type { Executor } from "@llm/tensor";
import { EvaluationError } from "./errors.ts";

/** A question with its possible answers. */
export interface MultipleChoiceQuestion {
  readonly context: string;
  readonly choices: readonly string[];
  /** The right one's place in `choices`. */
  readonly answer: number;
}

/** What turns text into token ids; a tokenizer of `@llm/tokenizer` is one. */
export interface TextEncoder {
  encode(text: string, options: { addSpecialTokens: false }): ArrayLike<number>;
}

export interface MultipleChoiceOptions {
  /** What stands between context and choice. Default: a space. */
  readonly delimiter?: string;
  /** The token that an empty context is replaced by. Default: `bos_token_id` or `eos_token_id` of the model's configuration. */
  readonly startId?: number;
  readonly onProgress?: (progress: { readonly questions: number; readonly totalQuestions: number }) => void;
  readonly signal?: AbortSignal;
  /** Default: `defaultExecutor()`. */
  readonly executor?: Executor;
}

/** A share of questions. */
export interface Share {
  readonly value: number;
  /** Of the mean, from the sample's variance; NaN for a single question. */
  readonly standardError: number;
}

export interface MultipleChoiceScore {
  /** Questions whose likeliest choice is right (the harness's `acc`); the first of equal ones counts. */
  readonly accuracy: Share;
  /** The same where likelihoods are taken per character of the choice (`acc_norm`), which long choices do not lose by. */
  readonly normalizedAccuracy: Share;
  /** For each question, the log-likelihood of each choice, in nats. */
  readonly logLikelihoods: readonly (readonly number[])[];
}

const questionsPerRun = 64;

/**
 * Scores every choice behind its question with one model. Context and choice are encoded together, white space at the context's end
 * goes to the choice, and what does not fit the model's context is cut off at its start.
 *
 * @throws EvaluationError for no question, a question without choices, an empty choice, an answer that is none of them, an empty
 * context without a start token, or likelihoods that are not numbers. What `signal` aborts with.
 *
 * @example
 * const questions = [{ context: "The sky is", choices: ["blue", "a kind of fish"], answer: 0 }];
 * const { accuracy, normalizedAccuracy } = await multipleChoice(model, tokenizer, questions);
 */
export async function multipleChoice(
  model: CausalLanguageModel,
  encoder: TextEncoder,
  questions: readonly MultipleChoiceQuestion[],
  options: MultipleChoiceOptions = {},
): Promise<MultipleChoiceScore> {
  const { signal, executor, onProgress } = options;
  if (questions.length === 0) throw new EvaluationError("multipleChoice: at least one question is needed, got none");
  for (const [index, question] of questions.entries()) checkQuestion(question, index);
  const scorer = new TokenScorer(model, executor ? { executor } : {});
  const logLikelihoods: number[][] = [];
  try {
    for (let first = 0; first < questions.length; first += questionsPerRun) {
      const run = questions.slice(first, first + questionsPerRun);
      const encoded = run.flatMap((question, i) =>
        encodeChoices(model, encoder, question, { ...options, index: first + i }),
      );
      const scores = await scorer.score(
        encoded.map(({ ids }) => ids),
        signal ? { signal } : {},
      );
      const sums = scores.map((tokens, i) => sumOf(tokens.slice(-encoded[i]!.choiceLength)));
      for (const { choices } of run) logLikelihoods.push(sums.splice(0, choices.length));
      onProgress?.({ questions: first + run.length, totalQuestions: questions.length });
    }
  } finally {
    scorer.dispose();
  }
  return { ...accuracies(questions, logLikelihoods), logLikelihoods };
}

function checkQuestion({ choices, answer }: MultipleChoiceQuestion, index: number): void {
  const where = `multipleChoice: question ${index}`;
  if (choices.length === 0) throw new EvaluationError(`${where} has no choices`);
  const empty = choices.indexOf("");
  if (empty >= 0)
    throw new EvaluationError(`${where} has an empty choice at ${empty}, whose likelihood per character is none`);
  if (!(Number.isInteger(answer) && answer >= 0 && answer < choices.length)) {
    throw new EvaluationError(
      `${where}: answer must be the place of one of its ${choices.length} choices, got ${answer}`,
    );
  }
}

interface EncodedChoice {
  /** Context and choice, cut at its start to what the model reads and one token to predict behind it. */
  readonly ids: readonly number[];
  /** Tokens at the end that are the choice's. */
  readonly choiceLength: number;
}

function encodeChoices(
  model: CausalLanguageModel,
  encoder: TextEncoder,
  { context, choices }: MultipleChoiceQuestion,
  { delimiter = " ", startId, index }: MultipleChoiceOptions & { index: number },
): EncodedChoice[] {
  const encode = (text: string) => Array.from(encoder.encode(text, { addSpecialTokens: false }));
  const kept = context.trimEnd();
  const moved = context.slice(kept.length) + delimiter;
  const before = kept === "" ? [startId ?? startOf(model, index)] : encode(kept);
  return choices.map((choice, place) => {
    const whole = kept === "" ? [...before, ...encode(moved + choice)] : encode(kept + moved + choice);
    const ids = whole.slice(-(model.config.contextLength + 1));
    // One token at least is read before the first that counts.
    const choiceLength = Math.min(whole.length - before.length, ids.length - 1);
    if (choiceLength > 0) return { ids, choiceLength };
    throw new EvaluationError(`multipleChoice: choice ${place} of question ${index} adds no token to its context`);
  });
}

function startOf(model: CausalLanguageModel, index: number): number {
  const { bos_token_id: bos, eos_token_id: eos } = model.toConfigJson();
  const start = [bos, eos].flat().find((id) => Number.isInteger(id));
  if (start !== undefined) return start as number;
  throw new EvaluationError(
    `multipleChoice: question ${index} has an empty context, and the model's configuration names no token to begin with (give a startId)`,
  );
}

function sumOf(tokens: readonly { logprob: number }[]): number {
  return tokens.reduce((sum, { logprob }) => sum + logprob, 0);
}

function accuracies(
  questions: readonly MultipleChoiceQuestion[],
  logLikelihoods: readonly (readonly number[])[],
): Pick<MultipleChoiceScore, "accuracy" | "normalizedAccuracy"> {
  const isRight: boolean[] = [];
  const isRightNormalized: boolean[] = [];
  for (const [index, { choices, answer }] of questions.entries()) {
    const likelihoods = logLikelihoods[index]!;
    if (likelihoods.some(Number.isNaN)) {
      throw new EvaluationError(
        `multipleChoice: the likelihoods of question ${index} are not numbers (the model's weights may be damaged)`,
      );
    }
    isRight.push(firstLargest(likelihoods) === answer);
    // Characters are code points, as Python counts them.
    isRightNormalized.push(firstLargest(likelihoods.map((sum, i) => sum / [...choices[i]!].length)) === answer);
  }
  return { accuracy: shareOf(isRight), normalizedAccuracy: shareOf(isRightNormalized) };
}

function firstLargest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}

function shareOf(holds: readonly boolean[]): Share {
  const count = holds.length;
  const value = holds.filter(Boolean).length / count;
  return { value, standardError: Math.sqrt((value * (1 - value)) / (count - 1)) };
}
