import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trainTextClassifier } from "../quality/trainTextClassifier.ts";
import { confidentJoint, confidentThresholds } from "./confidentJoint.ts";
import { crossValidatedProbabilities, stratifiedFolds } from "./crossValidate.ts";
import { findLabelIssues, type LabelIssueFilter } from "./findLabelIssues.ts";
import { estimateLabelNoise, type LabelNoise } from "./labelNoise.ts";
import { type LabelQualityMethod, labelQualityScores } from "./labelQuality.ts";

interface Case {
  readonly labels: number[];
  readonly predictedProbabilities: number[][];
  readonly thresholds: number[];
  readonly confidentJoint: number[][];
  readonly uncalibratedJoint: number[][];
  readonly offDiagonal: number[];
  readonly scores: Record<LabelQualityMethod, number[]>;
  readonly adjusted: number[];
  readonly issues: Record<LabelIssueFilter, number[]>;
  readonly pruned: {
    readonly filterBy: LabelIssueFilter;
    readonly noiseShare: number;
    readonly minExamplesPerClass: number;
    readonly issues: number[];
  }[];
  readonly noise?: Omit<LabelNoise, "errorRate">;
}

const cases = JSON.parse(readFileSync(new URL("__fixtures__/cleanlab.json", import.meta.url), "utf8")) as Record<
  string,
  Case
>;

function close(actual: Iterable<number>, expected: readonly number[]): void {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, 10);
}

describe.each(Object.entries(cases))("equal to cleanlab: %s", (_, expected) => {
  const { labels, predictedProbabilities: rows } = expected;

  it("confident joint", () => {
    close(confidentThresholds(labels, rows), expected.thresholds);
    expect(confidentJoint(labels, rows)).toEqual({
      counts: expected.confidentJoint,
      offDiagonal: expected.offDiagonal,
    });
    expect(confidentJoint(labels, rows, { calibrate: false }).counts).toEqual(expected.uncalibratedJoint);
  });

  it("quality scores", () => {
    for (const [method, values] of Object.entries(expected.scores)) {
      close(labelQualityScores(labels, rows, { method: method as LabelQualityMethod }), values);
    }
    close(labelQualityScores(labels, rows, { adjustForClass: true }), expected.adjusted);
  });

  it("issues of every filter, in order", () => {
    const found = Object.keys(expected.issues).map((filterBy) => [
      filterBy,
      findLabelIssues(labels, rows, { filterBy: filterBy as LabelIssueFilter }).map(({ index }) => index),
    ]);
    expect(Object.fromEntries(found)).toEqual(expected.issues);
  });

  it("issues with a share of the noise and a least size of classes", () => {
    for (const { issues, ...options } of expected.pruned) {
      const found = findLabelIssues(labels, rows, { ...options, rankBy: "normalizedMargin" });
      expect({ ...options, issues: found.map(({ index }) => index) }).toEqual({ ...options, issues });
    }
  });

  it("noise matrices", () => {
    if (expected.noise === undefined) {
      expect(() => estimateLabelNoise(labels, rows)).toThrow(
        "expected examples of every class, got none with the label 3",
      );
      return;
    }
    const noise = estimateLabelNoise(labels, rows);
    close(noise.classPriors, [...expected.noise.classPriors]);
    for (const name of ["joint", "noiseMatrix", "inverseNoiseMatrix"] as const) {
      close(noise[name].flat(), expected.noise[name].flat());
    }
    close([noise.errorRate], [1 - expected.noise.joint.reduce((trace, row, k) => trace + row[k]!, 0)]);
  });
});

describe("findLabelIssues", () => {
  it("tells the label, the likelier class and the score", () => {
    const rows = [
      [0.9, 0.1],
      [0.8, 0.2],
      [0.1, 0.9],
      [0.2, 0.8],
      [0.95, 0.05],
    ];
    expect(findLabelIssues([0, 0, 1, 1, 1], rows)).toEqual([{ index: 4, label: 1, suggested: 0, score: 0.05 }]);
  });

  it("takes a joint counted elsewhere", () => {
    const rows = [
      [0.9, 0.1],
      [0.4, 0.6],
      [0.1, 0.9],
      [0.2, 0.8],
    ];
    const found = (joint: number[][]) => findLabelIssues([0, 0, 1, 1], rows, { confidentJoint: joint });
    expect(
      found([
        [2, 0],
        [0, 2],
      ]),
    ).toEqual([]);
    expect(
      found([
        [1, 1],
        [0, 2],
      ]).map(({ index }) => index),
    ).toEqual([1]);
  });

  it("names what does not fit", () => {
    expect(() => findLabelIssues([0], [])).toThrow(
      "findLabelIssues: expected as many labels as rows of predictedProbabilities, at least 1, got 1 labels and 0 rows",
    );
    expect(() => findLabelIssues([2], [[0.5, 0.5]])).toThrow("label 0: expected a class from 0 to 1, got 2");
    expect(() => findLabelIssues([0, 1], [[1, 0], [1]])).toThrow("row 1: expected 2 probabilities like row 0, got 1");
    expect(() => findLabelIssues([0], [[Number.NaN, 1]])).toThrow("row 0, class 0: expected a probability from 0 to 1");
    expect(() => findLabelIssues([0], [[1]])).toThrow("expected probabilities of at least 2 classes, got 1");
    const rows = [[0.5, 0.5]];
    expect(() => findLabelIssues([0], rows, { noiseShare: 2 })).toThrow(
      "noiseShare: expected a share from 0 to 1, got 2",
    );
    expect(() => findLabelIssues([0], rows, { filterBy: "none" as LabelIssueFilter })).toThrow(
      "filterBy: expected one of pruneByNoiseRate, pruneByClass",
    );
    expect(() => findLabelIssues([0], rows, { rankBy: "none" as LabelQualityMethod })).toThrow(
      "method: expected one of selfConfidence",
    );
  });
});

describe("crossValidatedProbabilities", () => {
  const fruit = ["apple pear plum", "plum cherry apple", "pear apple fig", "cherry fig plum"];
  const tools = ["hammer saw nail", "saw drill screw", "nail hammer drill", "screw saw hammer"];
  const texts = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? fruit : tools)[(i >> 1) % 4]!);
  const right = texts.map((_, i) => i % 2);

  it("finds planted wrong labels with a classifier trained on the other folds", async () => {
    const wrong = new Set([6, 17, 31]);
    const labels = right.map((label, i) => (wrong.has(i) ? 1 - label : label));
    const probabilities = await crossValidatedProbabilities(texts, labels, {
      folds: 4,
      trainAndPredict: async ({ trainingExamples, trainingLabels, heldOut }) => {
        const examples = trainingExamples.map((text, i) => ({ text, label: String(trainingLabels[i]) }));
        const model = await trainTextClassifier(examples, { epochs: 50, dimension: 8, buckets: 100 });
        return heldOut.map((text) => {
          const scores = model.predict(text, { count: 2 });
          return ["0", "1"].map((name) => scores.find(({ label }) => label === name)?.score ?? 0);
        });
      },
    });
    const found = findLabelIssues(labels, probabilities).map(({ index }) => index);
    expect(found.toSorted((a, b) => a - b)).toEqual([...wrong]);
  });

  it("predicts each example once, without having seen it, and keeps the shares of labels", async () => {
    const seen: string[][] = [];
    const names = right.map((_, i) => `example ${i}`);
    const rows = await crossValidatedProbabilities(names, right, {
      seed: 3,
      trainAndPredict: ({ trainingExamples, trainingLabels, heldOut }) => {
        seen.push([...heldOut]);
        expect(trainingExamples.filter((name) => heldOut.includes(name))).toEqual([]);
        expect(trainingLabels.filter((label) => label === 0)).toHaveLength(16);
        return heldOut.map((name) => [Number(name.split(" ")[1]), 0]);
      },
    });
    expect(rows.map((row) => row[0])).toEqual(names.map((_, i) => i));
    expect(seen.flat().toSorted()).toEqual(names.toSorted());
    expect(stratifiedFolds(right, { classes: 2, folds: 5, seed: 3 })).toEqual(
      stratifiedFolds(right, { classes: 2, folds: 5, seed: 3 }),
    );
    expect(stratifiedFolds(right, { classes: 2, folds: 5, seed: 4 })).not.toEqual(
      stratifiedFolds(right, { classes: 2, folds: 5, seed: 3 }),
    );
  });

  it("names what does not fit", async () => {
    const trainAndPredict = () => [[1, 0]];
    await expect(crossValidatedProbabilities(["a"], [0, 1], { trainAndPredict })).rejects.toThrow(
      "expected as many labels as examples, at least 1, got 2 and 1",
    );
    await expect(crossValidatedProbabilities(["a", "b", "c"], [0, 0, 1], { trainAndPredict })).rejects.toThrow(
      "the label 1 has one example",
    );
    await expect(crossValidatedProbabilities(texts, right, { trainAndPredict })).rejects.toThrow(
      "trainAndPredict: expected 8 rows of 2 probabilities, got 1 rows of 2",
    );
    await expect(crossValidatedProbabilities(texts, right, { folds: 1, trainAndPredict })).rejects.toThrow(
      "folds: expected a whole number of at least 2, got 1",
    );
  });
});
