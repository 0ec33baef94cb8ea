import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { LabelIssueFilter } from "./findLabelIssues.ts";
import type { LabelQualityMethod } from "./labelQuality.ts";
import { findMultiLabelIssues, multiLabelQualityScores } from "./multiLabel.ts";

interface Case {
  readonly labels: number[][];
  readonly predictedProbabilities: number[][];
  readonly scores: Record<LabelQualityMethod, number[]>;
  readonly adjusted: number[];
  readonly issues: {
    readonly filterBy: LabelIssueFilter;
    readonly noiseShare: number;
    readonly minExamplesPerClass: number;
    /** Examples with their suspect classes; absent where cleanlab refuses the filter. */
    readonly found?: [index: number, classes: number[]][];
  }[];
  readonly ranked: Record<LabelQualityMethod, number[]>;
}

const cases = JSON.parse(
  readFileSync(new URL("__fixtures__/cleanlabMultiLabel.json", import.meta.url), "utf8"),
) as Record<string, Case>;

describe.each(Object.entries(cases))("equal to cleanlab: %s", (_, expected) => {
  const { labels, predictedProbabilities: rows } = expected;

  it("quality scores", () => {
    const close = (actual: Float64Array, values: number[]): void => {
      expect(actual).toHaveLength(values.length);
      for (const [i, value] of values.entries()) expect(actual[i]).toBeCloseTo(value, 10);
    };
    for (const [method, values] of Object.entries(expected.scores)) {
      close(multiLabelQualityScores(labels, rows, { method: method as LabelQualityMethod }), values);
    }
    close(multiLabelQualityScores(labels, rows, { adjustForClass: true }), expected.adjusted);
  });

  it("examples and classes of every filter", () => {
    for (const { found, ...options } of expected.issues) {
      const issues = findMultiLabelIssues(labels, rows, options);
      if (found === undefined) continue;
      const classes = issues.map(({ index, wrong, missing }) => {
        expect(wrong.filter((k) => !labels[index]!.includes(k))).toEqual([]);
        expect(missing.filter((k) => labels[index]!.includes(k))).toEqual([]);
        return [index, [...wrong, ...missing].sort((a, b) => a - b)] as const;
      });
      expect({ ...options, found: classes.sort(([a], [b]) => a - b) }).toEqual({ ...options, found });
    }
  });

  it("the order of the issues", () => {
    for (const [rankBy, ranked] of Object.entries(expected.ranked)) {
      const issues = findMultiLabelIssues(labels, rows, { rankBy: rankBy as LabelQualityMethod });
      expect(issues.map(({ index }) => index)).toEqual(ranked);
    }
  });
});

describe("findMultiLabelIssues", () => {
  const rows = [
    [0.9, 0.8],
    [0.8, 0.1],
    [0.1, 0.9],
    [0.2, 0.2],
    [0.9, 0.9],
    [0.1, 0.1],
  ];

  it("tells wrong labels from missing ones", () => {
    const [issue, ...others] = findMultiLabelIssues([[0, 1], [0], [1], [], [0], []], rows);
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ index: 4, wrong: [], missing: [1] });
    expect(issue?.score).toBeCloseTo(0.8 * 0.1 + 0.2 * 0.9);
    const [swapped] = findMultiLabelIssues([[0, 1], [0, 1], [1], [], [0, 1], []], rows);
    expect(swapped).toMatchObject({ index: 1, wrong: [1], missing: [] });
  });

  it("refuses what does not fit", () => {
    const find =
      (labels: unknown, probabilities: number[][] = rows, options = {}) =>
      () =>
        findMultiLabelIssues(labels as number[][], probabilities, options);
    expect(find([[0]])).toThrow("findMultiLabelIssues: expected as many lists of labels as rows");
    expect(find([], [])).toThrow("at least 1, got 0 lists and 0 rows");
    expect(find([0, 1, 0, 1, 0, 1])).toThrow("labels 0: expected a list of classes, got 0 (write one label as [0])");
    expect(find([[2], [], [], [], [], []])).toThrow("labels 0: expected classes from 0 to 1, got 2");
    expect(find([[0]], [[Number.NaN]])).toThrow("row 0, class 0: expected a probability from 0 to 1, got NaN");
    expect(find([[0], []], [[0.5], [0.5, 0.1]])).toThrow("row 1: expected 1 probabilities like row 0, got 2");
    expect(find([[0]], [[]])).toThrow("at least 1 class");
    expect(find([[0]], [[0.5]], { noiseShare: 2 })).toThrow("findMultiLabelIssues: noiseShare");
  });
});
