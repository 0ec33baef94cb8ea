// Finds examples whose label is probably wrong, by confident learning (Northcutt et al. 2021); the same ones as cleanlab's
// `find_label_issues`.
import { DataError } from "../errors.ts";
import { checkLabels, largest, type Matrix, type ProbabilityRows, sum } from "./checkLabels.ts";
import { confidentJoint, probabilityMargin } from "./confidentJoint.ts";
import { type LabelQualityMethod, labelQualityScores } from "./labelQuality.ts";

/**
 * Which examples are taken for wrong.
 * - `pruneByNoiseRate`: for each pair of classes as many as the joint says, those with the largest margin first.
 * - `pruneByClass`: for each label as many as the joint says, those with the lowest probability of it first.
 * - `both`: what both of the former find.
 * - `confidentLearning`: what is counted off the diagonal of the confident joint.
 * - `predictedNotGiven`: every example for which another class is the most probable one.
 * - `lowSelfConfidence`, `lowNormalizedMargin`: the worst scores, as many as are counted off the diagonal.
 */
export type LabelIssueFilter =
  | "pruneByNoiseRate"
  | "pruneByClass"
  | "both"
  | "confidentLearning"
  | "predictedNotGiven"
  | "lowSelfConfidence"
  | "lowNormalizedMargin";

/** Options of `findLabelIssues`. */
export interface LabelIssueOptions {
  /** Default `"pruneByNoiseRate"`. */
  readonly filterBy?: LabelIssueFilter;
  /** The score that orders the issues, the worst first. Default `"selfConfidence"`. */
  readonly rankBy?: LabelQualityMethod;
  /** Share of the estimated errors to find, from 0 to 1; for the filters that prune. Default 1. */
  readonly noiseShare?: number;
  /** Examples to leave to every class; for the filters that prune. Default 1. */
  readonly minExamplesPerClass?: number;
  /** A confident joint that was counted elsewhere, for the filters that prune. Default: that of these labels. */
  readonly confidentJoint?: Matrix;
}

/** One example with a label that is probably wrong. */
export interface LabelIssue {
  readonly index: number;
  readonly label: number;
  /** The most probable class. */
  readonly suggested: number;
  /** The label's quality score: low is bad. */
  readonly score: number;
}

/**
 * The examples whose labels are probably wrong, the worst first.
 *
 * @param labels [N] classes, from 0.
 * @param predictedProbabilities [N, K], predicted for examples the model was not trained on: `crossValidatedProbabilities`.
 * @throws DataError for labels and probabilities that do not fit each other, and for options out of range.
 * @example
 * const probabilities = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]];
 * findLabelIssues([0, 0, 1, 1, 1], probabilities).map(({ index }) => index); // [4]
 */
export function findLabelIssues(
  labels: ArrayLike<number>,
  predictedProbabilities: ProbabilityRows,
  options: LabelIssueOptions = {},
): LabelIssue[] {
  const { filterBy = "pruneByNoiseRate", rankBy = "selfConfidence" } = options;
  checkLabels("findLabelIssues", labels, predictedProbabilities);
  checkOptions(options);
  const scores = labelQualityScores(labels, predictedProbabilities, { method: rankBy });
  return [...filters[filterBy](labels, predictedProbabilities, options)]
    .map((index) => ({
      index,
      label: labels[index]!,
      suggested: largest(predictedProbabilities[index]!),
      score: scores[index]!,
    }))
    .sort((a, b) => a.score - b.score || a.index - b.index);
}

type Filter = (labels: ArrayLike<number>, rows: ProbabilityRows, options: LabelIssueOptions) => Set<number>;

const filters: Readonly<Record<LabelIssueFilter, Filter>> = {
  pruneByNoiseRate: pruned(pruneByNoiseRate),
  pruneByClass: pruned(pruneByClass),
  both(labels, rows, options) {
    const byClass = filters.pruneByClass(labels, rows, options);
    return new Set([...filters.pruneByNoiseRate(labels, rows, options)].filter((index) => byClass.has(index)));
  },
  confidentLearning: (labels, rows) => withoutAgreed(confidentJoint(labels, rows).offDiagonal, labels, rows),
  predictedNotGiven: (labels, rows) =>
    withoutAgreed(
      rows.flatMap((row, i) => (largest(row) === labels[i] ? [] : [i])),
      labels,
      rows,
    ),
  lowSelfConfidence: (labels, rows) => lowest(labels, rows, "selfConfidence"),
  lowNormalizedMargin: (labels, rows) => lowest(labels, rows, "normalizedMargin"),
};

/** As many of the lowest scores as the confident joint counts off its diagonal. */
function lowest(labels: ArrayLike<number>, rows: ProbabilityRows, method: LabelQualityMethod): Set<number> {
  const count = filters.confidentLearning(labels, rows, {}).size;
  const scores = labelQualityScores(labels, rows, { method });
  return new Set(smallest(scores, count));
}

/** Issues are only where the label is not the most probable class. */
function withoutAgreed(indices: Iterable<number>, labels: ArrayLike<number>, rows: ProbabilityRows): Set<number> {
  return new Set(
    [...indices].filter((index) => {
      const row = rows[index]!;
      const label = labels[index]!;
      const best = largest(row);
      // cleanlab gives the label a lead of the margin; where that makes them equal, the first class wins.
      const lead = row[label]! + probabilityMargin - row[best]!;
      return best !== label && (lead < 0 || (lead === 0 && best < label));
    }),
  );
}

interface ClassToPrune {
  readonly label: number;
  /** The label's examples, as indices. */
  readonly members: readonly number[];
  /** By true class: how many of the label's examples seem to belong to it. */
  readonly counts: readonly number[];
  readonly rows: ProbabilityRows;
}

function pruned(prune: (of: ClassToPrune) => Iterable<number>): Filter {
  return (labels, rows, options) => {
    const { minExamplesPerClass = 1 } = options;
    const counts = pruneCounts(options.confidentJoint ?? confidentJoint(labels, rows).counts, options);
    const found = new Set<number>();
    for (const [label, members] of membersByLabel(labels, counts.length).entries()) {
      if (members.length <= Math.max(minExamplesPerClass, 1)) continue;
      for (const index of prune({ label, members, counts: counts[label]!, rows })) found.add(index);
    }
    return withoutAgreed(found, labels, rows);
  };
}

function membersByLabel(labels: ArrayLike<number>, classes: number): number[][] {
  const members: number[][] = Array.from({ length: classes }, () => []);
  for (let i = 0; i < labels.length; i++) members[labels[i]!]!.push(i);
  return members;
}

function* pruneByNoiseRate({ label, members, counts, rows }: ClassToPrune): Generator<number> {
  for (const [other, count] of counts.entries()) {
    if (other === label || count === 0) continue;
    const margins = new Float64Array(members.length);
    for (const [place, i] of members.entries()) margins[place] = rows[i]![label]! - rows[i]![other]!;
    for (const place of smallest(margins, count)) yield members[place]!;
  }
}

function* pruneByClass({ label, members, counts, rows }: ClassToPrune): Generator<number> {
  const ownProbabilities = Float64Array.from(members, (i) => rows[i]![label]!);
  for (const place of smallest(ownProbabilities, members.length - counts[label]!)) yield members[place]!;
}

/** The joint with at least `minExamplesPerClass` on the diagonal, and of what is off it the share to find. */
function pruneCounts(joint: Matrix, { minExamplesPerClass = 1, noiseShare = 1 }: LabelIssueOptions): number[][] {
  return joint.map((row, label) => {
    const kept = Math.max(row[label]!, minExamplesPerClass);
    const rates = Math.max(row.filter((count) => count !== 0).length - 1, 1);
    const lowered = row.map((count, k) => (k === label ? kept : Math.max(count - (kept - row[label]!) / rates, 0)));
    const reduced = lowered.map((count, k) => (k === label ? count : count * noiseShare));
    reduced[label] = kept + sum(lowered) - sum(reduced);
    return reduced.map(Math.trunc);
  });
}

/** The places of the `count` smallest values; of equal values the first ones. */
function smallest(values: Float64Array, count: number): number[] {
  if (count <= 0) return [];
  // Sorting numbers alone is many times faster than sorting places by them.
  const limit = values.toSorted()[Math.min(count, values.length) - 1]!;
  let equal = count;
  for (const value of values) if (value < limit) equal -= 1;
  const places: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < limit || (values[i] === limit && equal-- > 0)) places.push(i);
  }
  return places;
}

function checkOptions({ filterBy, noiseShare = 1, minExamplesPerClass = 1 }: LabelIssueOptions): void {
  const fail = (name: string, expected: string, got: unknown): never => {
    throw new DataError(`findLabelIssues: ${name}: expected ${expected}, got ${got}`);
  };
  if (filterBy !== undefined && !Object.hasOwn(filters, filterBy)) {
    fail("filterBy", `one of ${Object.keys(filters).join(", ")}`, filterBy);
  }
  if (!(noiseShare >= 0 && noiseShare <= 1)) fail("noiseShare", "a share from 0 to 1", noiseShare);
  if (!(Number.isInteger(minExamplesPerClass) && minExamplesPerClass >= 0)) {
    fail("minExamplesPerClass", "a whole number from 0", minExamplesPerClass);
  }
}
