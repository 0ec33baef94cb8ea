// Finds examples whose label is probably wrong, by confident learning (Northcutt et al. 2021); the same ones as cleanlab's
// `find_label_issues`.
import { DataError } from "../errors.ts";
import { countLabels, type LabelledRows, labelledRows, type Matrix, type ProbabilityRows, sum } from "./checkLabels.ts";
import { jointOf, probabilityMargin } from "./confidentJoint.ts";
import { type LabelQualityMethod, scoresOf } from "./labelQuality.ts";

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
  const { rankBy = "selfConfidence" } = options;
  const data = labelledRows("findLabelIssues", labels, predictedProbabilities);
  checkIssueOptions("findLabelIssues", options);
  const scores = scoresOf(data, { method: rankBy });
  return places(issueMask(data, options))
    .map((index) => ({ index, label: data.labels[index]!, suggested: data.best[index]!, score: scores[index]! }))
    .sort((a, b) => a.score - b.score || a.index - b.index);
}

/** Marks with 1 the examples that `findLabelIssues` takes for wrong. */
export function issueMask(data: LabelledRows, options: LabelIssueOptions): Uint8Array {
  return filters[options.filterBy ?? "pruneByNoiseRate"](data, options);
}

/** Marks the examples taken for wrong. */
type Filter = (data: LabelledRows, options: LabelIssueOptions) => Uint8Array;

const filters: Readonly<Record<LabelIssueFilter, Filter>> = {
  pruneByNoiseRate: pruned(pruneByNoiseRate),
  pruneByClass: pruned(pruneByClass),
  both(data, options) {
    const byClass = filters.pruneByClass(data, options);
    return filters.pruneByNoiseRate(data, options).map((found, i) => found & byClass[i]!);
  },
  confidentLearning(data) {
    const found = new Uint8Array(data.size);
    for (const index of jointOf(data).offDiagonal) found[index] = 1;
    return withoutAgreed(found, data);
  },
  predictedNotGiven: (data) => withoutAgreed(new Uint8Array(data.size).fill(1), data),
  lowSelfConfidence: (data) => lowest(data, "selfConfidence"),
  lowNormalizedMargin: (data) => lowest(data, "normalizedMargin"),
};

/** As many of the lowest scores as the confident joint counts off its diagonal. */
function lowest(data: LabelledRows, method: LabelQualityMethod): Uint8Array {
  const count = places(filters.confidentLearning(data, {})).length;
  const found = new Uint8Array(data.size);
  for (const index of smallest(scoresOf(data, { method }), count)) found[index] = 1;
  return found;
}

/** Takes the marks off examples whose label is the most probable class. */
function withoutAgreed(found: Uint8Array, { size, classes, labels, values, best }: LabelledRows): Uint8Array {
  for (let i = 0; i < size; i++) {
    if (found[i] === 0) continue;
    // cleanlab gives the label a lead of the margin; where that makes them equal, the first class wins.
    const lead = values[i * classes + labels[i]!]! + probabilityMargin - values[i * classes + best[i]!]!;
    const differs = best[i] !== labels[i] && (lead < 0 || (lead === 0 && best[i]! < labels[i]!));
    if (!differs) found[i] = 0;
  }
  return found;
}

function places(found: Uint8Array): number[] {
  const marked: number[] = [];
  for (let i = 0; i < found.length; i++) if (found[i] === 1) marked.push(i);
  return marked;
}

interface ClassToPrune {
  readonly label: number;
  /** The label's examples, as indices. */
  readonly members: Int32Array;
  /** By true class: how many of the label's examples seem to belong to it. */
  readonly counts: readonly number[];
  readonly data: LabelledRows;
}

function pruned(prune: (of: ClassToPrune) => Iterable<number>): Filter {
  return (data, options) => {
    const { minExamplesPerClass = 1 } = options;
    const counts = pruneCounts(options.confidentJoint ?? jointOf(data).counts, options);
    const found = new Uint8Array(data.size);
    for (const [label, members] of membersByLabel(data).entries()) {
      if (members.length <= Math.max(minExamplesPerClass, 1)) continue;
      for (const index of prune({ label, members, counts: counts[label]!, data })) found[index] = 1;
    }
    return withoutAgreed(found, data);
  };
}

function membersByLabel({ classes, labels }: LabelledRows): Int32Array[] {
  const counts = countLabels(labels, classes);
  const members = counts.map((count) => new Int32Array(count));
  const filled = new Int32Array(classes);
  for (let i = 0; i < labels.length; i++) members[labels[i]!]![filled[labels[i]!]!++] = i;
  return members;
}

function* pruneByNoiseRate({ label, members, counts, data }: ClassToPrune): Generator<number> {
  const { classes, values } = data;
  const margins = new Float64Array(members.length);
  for (const [other, count] of counts.entries()) {
    if (other === label || count === 0) continue;
    for (let place = 0; place < members.length; place++) {
      const start = members[place]! * classes;
      margins[place] = values[start + label]! - values[start + other]!;
    }
    for (const place of smallest(margins, count)) yield members[place]!;
  }
}

function* pruneByClass({ label, members, counts, data }: ClassToPrune): Generator<number> {
  const ownProbabilities = Float64Array.from(members, (i) => data.values[i * data.classes + label]!);
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
export function smallest(values: Float64Array, count: number): number[] {
  if (count <= 0) return [];
  const limit = nthSmallest(values.slice(), Math.min(count, values.length) - 1);
  let equal = count;
  for (let i = 0; i < values.length; i++) if (values[i]! < limit) equal -= 1;
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < limit || (values[i] === limit && equal-- > 0)) found.push(i);
  }
  return found;
}

/** The value that would stand at `place` if the values were sorted (Hoare's quickselect); they are reordered. */
function nthSmallest(values: Float64Array, place: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left > right) break;
      const value = values[left]!;
      values[left++] = values[right]!;
      values[right--] = value;
    }
    if (place <= right) high = right;
    else if (place >= left) low = left;
    else break;
  }
  return values[place]!;
}

/** @throws DataError for options out of range. */
export function checkIssueOptions(
  where: string,
  { filterBy, noiseShare = 1, minExamplesPerClass = 1 }: LabelIssueOptions,
): void {
  const fail = (name: string, expected: string, got: unknown): never => {
    throw new DataError(`${where}: ${name}: expected ${expected}, got ${got}`);
  };
  if (filterBy !== undefined && !Object.hasOwn(filters, filterBy)) {
    fail("filterBy", `one of ${Object.keys(filters).join(", ")}`, filterBy);
  }
  if (!(noiseShare >= 0 && noiseShare <= 1)) fail("noiseShare", "a share from 0 to 1", noiseShare);
  if (!(Number.isInteger(minExamplesPerClass) && minExamplesPerClass >= 0)) {
    fail("minExamplesPerClass", "a whole number from 0", minExamplesPerClass);
  }
}
