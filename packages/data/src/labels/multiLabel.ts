// Wrong labels where an example has any number of them: every class is a question of its own, "has it or not", and confident
// learning answers each; as cleanlab's `multilabel_classification`.
import { DataError } from "../errors.ts";
import type { LabelledRows, ProbabilityRows } from "./checkLabels.ts";
import { checkIssueOptions, issueMask, type LabelIssueOptions, smallest } from "./findLabelIssues.ts";
import { type LabelQualityOptions, scoresOf } from "./labelQuality.ts";

/** [N] the classes of each example, from 0; an empty list where it has none. */
export type LabelLists = readonly ArrayLike<number>[];

/** Options of `findMultiLabelIssues`. */
export type MultiLabelIssueOptions = Omit<LabelIssueOptions, "confidentJoint">;

/** One example whose labels are probably wrong. */
export interface MultiLabelIssue {
  readonly index: number;
  /** Classes that it is given and probably does not have. */
  readonly wrong: readonly number[];
  /** Classes that it probably has and is not given. */
  readonly missing: readonly number[];
  /** The score of its labels together: low is bad. */
  readonly score: number;
}

/** A class's weight against the better ones when scores are put together (cleanlab's `alpha`). */
const worseWeight = 0.8;

/**
 * The examples with a label that is probably wrong or missing, the worst first. `lowSelfConfidence` and
 * `lowNormalizedMargin` take, as cleanlab does, the examples with the lowest scores over all classes, as many as
 * `confidentLearning` finds; such an example need not have a class that is suspect by itself.
 *
 * @param labels [N] lists of classes.
 * @param predictedProbabilities [N, K], out of sample: of each class by itself, so that a row need not sum to 1.
 * @throws DataError for labels and probabilities that do not fit each other, and for options out of range.
 * @example
 * const rows = [[0.9, 0.8], [0.8, 0.1], [0.1, 0.9], [0.2, 0.2], [0.9, 0.9], [0.1, 0.1]];
 * findMultiLabelIssues([[0, 1], [0], [1], [], [0], []], rows); // [{ index: 4, wrong: [], missing: [1], score: … }]
 */
export function findMultiLabelIssues(
  labels: LabelLists,
  predictedProbabilities: ProbabilityRows,
  options: MultiLabelIssueOptions = {},
): MultiLabelIssue[] {
  const where = "findMultiLabelIssues";
  checkIssueOptions(where, options);
  const classes = binaryClasses(where, labels, predictedProbabilities);
  const scores = togetherScores(classes, { method: options.rankBy ?? "selfConfidence" });
  const masks = classes.map((data) => issueMask(data, options));
  return [...suspects(classes, masks, options)]
    .map((index) => {
      const suspect = [...masks.keys()].filter((k) => masks[k]![index] === 1);
      const wrong = suspect.filter((k) => classes[k]!.labels[index] === 1);
      const missing = suspect.filter((k) => classes[k]!.labels[index] === 0);
      return { index, wrong, missing, score: scores[index]! };
    })
    .sort((a, b) => a.score - b.score || a.index - b.index);
}

/**
 * Scores from 0 (surely wrong) to 1 (surely right), one per example: the scores of its classes, of which the worst
 * count most (an exponential moving average from the best to the worst).
 *
 * @param labels [N] lists of classes.
 * @param predictedProbabilities [N, K], out of sample, of each class by itself.
 * @throws DataError for labels and probabilities that do not fit each other, and for an unknown method.
 */
export function multiLabelQualityScores(
  labels: LabelLists,
  predictedProbabilities: ProbabilityRows,
  options: LabelQualityOptions = {},
): Float64Array {
  return togetherScores(binaryClasses("multiLabelQualityScores", labels, predictedProbabilities), options);
}

function suspects(
  classes: readonly LabelledRows[],
  masks: readonly Uint8Array[],
  { filterBy }: MultiLabelIssueOptions,
): Iterable<number> {
  if (filterBy !== "lowSelfConfidence" && filterBy !== "lowNormalizedMargin") return anyMarked(masks);
  const confident = anyMarked(classes.map((data) => issueMask(data, { filterBy: "confidentLearning" })));
  return smallest(togetherScores(classes, {}), confident.length);
}

function anyMarked(masks: readonly Uint8Array[]): number[] {
  return Array.from(masks[0]!.keys()).filter((i) => masks.some((mask) => mask[i] === 1));
}

/** For each class whether the examples are said to have it (label 1) and how probable that is, [N, 2]. */
function binaryClasses(where: string, labels: LabelLists, rows: ProbabilityRows): LabelledRows[] {
  const size = rows.length;
  if (labels.length !== size || size === 0) {
    throw new DataError(
      `${where}: expected as many lists of labels as rows of predictedProbabilities, at least 1, got ${labels.length} lists and ${size} rows`,
    );
  }
  const count = rows[0]!.length;
  if (count === 0) throw new DataError(`${where}: expected probabilities of at least 1 class, got none`);
  const classes = Array.from({ length: count }, () => ({
    size,
    classes: 2,
    labels: new Int32Array(size),
    values: new Float64Array(2 * size),
    best: new Int32Array(size),
  }));
  for (let i = 0; i < size; i++) {
    const [given, row] = [labels[i]!, rows[i]!];
    if (row.length !== count) {
      throw new DataError(`${where}: row ${i}: expected ${count} probabilities like row 0, got ${row.length}`);
    }
    for (const [k, { values, best }] of classes.entries()) {
      const value = row[k]!;
      if (!(value >= 0 && value <= 1)) {
        throw new DataError(`${where}: row ${i}, class ${k}: expected a probability from 0 to 1, got ${value}`);
      }
      values[2 * i] = 1 - value;
      values[2 * i + 1] = value;
      best[i] = value > 1 - value ? 1 : 0;
    }
    for (const label of classesOf(given, { where, index: i, count })) classes[label]!.labels[i] = 1;
  }
  return classes;
}

function classesOf(
  given: ArrayLike<number>,
  { where, index, count }: { readonly where: string; readonly index: number; readonly count: number },
): number[] {
  if (typeof given !== "object" || given === null) {
    throw new DataError(
      `${where}: labels ${index}: expected a list of classes, got ${given} (write one label as [${given}])`,
    );
  }
  return Array.from(given, (label) => {
    if (Number.isInteger(label) && label >= 0 && label < count) return label;
    throw new DataError(`${where}: labels ${index}: expected classes from 0 to ${count - 1}, got ${label}`);
  });
}

function togetherScores(classes: readonly LabelledRows[], options: LabelQualityOptions): Float64Array {
  const perClass = classes.map((data) => scoresOf(data, options));
  const own = new Float64Array(classes.length);
  return Float64Array.from(perClass[0]!, (_, i) => {
    for (let k = 0; k < own.length; k++) own[k] = perClass[k]![i]!;
    return own.sort().reduceRight((together, score) => worseWeight * score + (1 - worseWeight) * together);
  });
}
