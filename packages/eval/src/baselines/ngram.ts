// An n-gram language model with interpolated modified Kneser-Ney smoothing (Chen and Goodman 1999), the standard before neural
// models and what KenLM estimates (Heafield et al. 2013): counts less a discount, the discounted mass given to the shorter context.
// Orders below the highest count in how many contexts an n-gram occurs, not how often.
import { EvaluationError } from "../errors.ts";
import { readPieces, type Tokens, tokenSource } from "../tokenSource.ts";
import { type BaselineModel, requireVocabularySize } from "./baseline.ts";
import { type Discounts, discountOf, modifiedDiscounts } from "./discounts.ts";
import { NgramTable } from "./ngramTable.ts";

/** Options of `interpolatedNgramModel`. */
export interface NgramOptions {
  readonly vocabularySize: number;
  /** Tokens of the longest n-grams, the predicted one included: 1 to 16. Default 5. */
  readonly order?: number;
  readonly signal?: AbortSignal;
}

/**
 * Counts the n-grams of `tokens` and estimates their probabilities; nothing has to be tuned. About a second and 80 MB per
 * million tokens.
 * @throws EvaluationError for an order outside its limits or ids outside the vocabulary. What `signal` aborts with.
 *
 * @example
 * const model = await interpolatedNgramModel(trainingTokens, { vocabularySize: 4096 });
 * const { bitsPerByte } = await evaluateBaseline(model, validation);
 */
export async function interpolatedNgramModel(tokens: Tokens, options: NgramOptions): Promise<BaselineModel> {
  const { vocabularySize, order = 5, signal } = options;
  const where = "interpolatedNgramModel";
  requireVocabularySize(where, vocabularySize);
  if (!(Number.isInteger(order) && order >= 1 && order <= 16)) {
    throw new EvaluationError(`${where}: order must be a whole number from 1 to 16, got ${order}`);
  }
  const tables = Array.from({ length: order }, () => new NgramTable());
  const counter = ngramCounter(tables);
  for await (const piece of readPieces(where, tokenSource(tokens), { overlap: 0, vocabularySize, signal })) {
    for (const token of piece.tokens) counter(token);
  }
  const levels = tables.map((table, i) => estimate(table, i === 0 ? 1 : tables[i - 1]!.size));
  return {
    name: `${order}-gram`,
    vocabularySize,
    contextLength: order - 1,
    probability: (tokens, at) => probability(levels, tokens, { at, uniform: 1 / vocabularySize }),
  };
}

/** The id of the empty context, from which n-grams of order 1 hang. */
const root = 0;

/** A function that takes the stream's tokens one by one and counts the n-grams that end in each. */
function ngramCounter(tables: readonly NgramTable[]): (token: number) => void {
  const highest = tables.length - 1;
  // By order: the n-gram that ends in the token before. The stream's first tokens end in short n-grams only.
  let ending: number[] = [];
  return (token) => {
    const next: number[] = [];
    for (let i = 0; i <= Math.min(highest, ending.length); i++) {
      const table = tables[i]!;
      const before = table.size;
      const id = table.add(i === 0 ? root : ending[i - 1]!, token);
      // A new n-gram is one more context for the n-gram that it ends in.
      if (i > 0 && id === before) tables[i - 1]!.counts[next[i - 1]!]! += 1;
      if (i === highest) table.counts[id]! += 1;
      next.push(id);
    }
    ending = next;
  };
}

/** One order, ready to give probabilities. */
interface Level {
  readonly table: NgramTable;
  readonly discounts: Discounts;
  /** By context: the sum of the counts of its n-grams; 0 where the context is only the stream's end. */
  readonly totals: Float64Array;
  /** By context: how much was taken off these counts, in sum. */
  readonly discounted: Float64Array;
}

function estimate(table: NgramTable, contexts: number): Level {
  const discounts = modifiedDiscounts(table);
  const totals = new Float64Array(contexts);
  const discounted = new Float64Array(contexts);
  for (let id = 0; id < table.size; id++) {
    const context = table.contexts[id]!;
    totals[context]! += table.counts[id]!;
    discounted[context]! += discountOf(discounts, table.counts[id]!);
  }
  return { table, discounts, totals, discounted };
}

function probability(
  levels: readonly Level[],
  tokens: Uint32Array,
  { at, uniform }: { at: number; uniform: number },
): number {
  const token = tokens[at]!;
  let p = uniform;
  for (let i = 0; i < levels.length && i <= at; i++) {
    const { table, discounts, totals, discounted } = levels[i]!;
    const context = findContext(levels, tokens, { from: at - i, to: at });
    if (context < 0) break;
    const total = totals[context]!;
    if (total === 0) continue;
    const id = table.find(context, token);
    const count = id < 0 ? 0 : table.counts[id]!;
    p = (count - discountOf(discounts, count) + discounted[context]! * p) / total;
  }
  return p;
}

/** The id of the n-gram of the tokens from `from` up to `to`, or -1. */
function findContext(
  levels: readonly Level[],
  tokens: Uint32Array,
  { from, to }: { from: number; to: number },
): number {
  let id = root;
  for (let place = from; place < to && id >= 0; place++) {
    id = levels[place - from]!.table.find(id, tokens[place]!);
  }
  return id;
}
