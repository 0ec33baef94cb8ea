import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { collect } from "../../test/temporaryFolder.ts";
import type { Document } from "../document.ts";
import { pipeline } from "../pipeline.ts";
import { balanceWeights, type TargetShares } from "./balanceWeights.ts";
import { MixtureSchedule } from "./mixtureSchedule.ts";
import { resample } from "./resample.ts";
import { samplingShares } from "./samplingShares.ts";

const fixture = JSON.parse(readFileSync(new URL("__fixtures__/balance.json", import.meta.url), "utf8")) as {
  temperature: { sizes: Record<string, number>; alpha: number; shares: Record<string, number> };
  unimax: { sizes: Record<string, number>; budget: number; maxEpochs: number; amounts: Record<string, number> }[];
  raking: { cells: { row: Record<string, string>; count: number; weight: number }[]; targets: TargetShares };
};

describe("samplingShares", () => {
  it("raises sizes to alpha as mT5 does", () => {
    const { sizes, alpha, shares } = fixture.temperature;
    const found = samplingShares(sizes, { temperature: 1 / alpha });
    for (const [name, share] of Object.entries(shares)) expect(found[name]!.share).toBeCloseTo(share, 10);
  });

  it.each(fixture.unimax)("is UniMax at an infinite temperature: $budget, $maxEpochs epochs", (reference) => {
    const { sizes, budget, maxEpochs, amounts } = reference;
    const found = samplingShares(sizes, { temperature: Number.POSITIVE_INFINITY, budget, maxEpochs });
    for (const [name, amount] of Object.entries(amounts)) expect(found[name]!.amount).toBeCloseTo(amount, 6);
  });

  it("gives to the others what the cap takes from the rare ones, and tells the epochs", () => {
    const found = samplingShares({ en: 900, de: 90, is: 10 }, { temperature: 2, budget: 430, maxEpochs: 3 });
    expect(found.is).toEqual({ share: expect.closeTo(30 / 430, 12), amount: 30, epochs: 3 });
    expect(found.de.amount / found.en.amount).toBeCloseTo(Math.sqrt(0.1), 10);
    expect(found.de.amount + found.en.amount).toBeCloseTo(400, 10);
    const all = samplingShares({ a: 1, b: 2 }, { budget: 100, maxEpochs: 2 });
    expect([all.a.amount, all.b.amount, all.a.share]).toEqual([2, 4, 1 / 3]);
  });

  it("knows no size too large or small beside the others", () => {
    expect(samplingShares({ a: 1e12, b: 1 }, { temperature: 0.5 })).toMatchObject({ a: { share: 1 }, b: { share: 0 } });
    const found = samplingShares({ a: 2e300, b: 1e300 }, { temperature: 0.5, maxEpochs: 0.5, budget: 1e300 });
    expect(found.a.share).toBeCloseTo(0.8);
    expect(found.b.epochs).toBeCloseTo(0.2);
  });

  it("names what cannot be", () => {
    expect(() => samplingShares({})).toThrow("samplingShares: expected the size of at least one source, got none");
    expect(() => samplingShares({ a: 0 })).toThrow("samplingShares: a: expected a finite number above 0, got 0");
    expect(() => samplingShares({ a: 1 }, { temperature: 0 })).toThrow("temperature: expected a number above 0, got 0");
    expect(() => samplingShares({ a: 1 }, { maxEpochs: -1 })).toThrow("maxEpochs: expected a number above 0, got -1");
  });
});

describe("MixtureSchedule", () => {
  const weights = [50, 30, 15, 4.9, 0.1];

  it("holds the shares up to every draw, give or take one", () => {
    const schedule = new MixtureSchedule(weights, 5);
    const counts = weights.map(() => 0);
    for (let i = 0; i < 5000; i++) {
      const { source, place } = schedule.at(5, i);
      expect(place).toBe(counts[source]!);
      counts[source]! += 1;
      if (i % 100 === 99) {
        for (const [k, weight] of weights.entries()) {
          expect(Math.abs(counts[k]! - (weight / 100) * (i + 1))).toBeLessThan(2 + weights.length / 2);
        }
      }
    }
  });

  it("goes to any draw without those before", () => {
    const inOrder = new MixtureSchedule(weights, 5);
    const draws = Array.from({ length: 3000 }, (_, i) => inOrder.at(5, i));
    for (const i of [0, 2999, 1, 1500, 777, 778, 12])
      expect(new MixtureSchedule(weights, 0).at(5, i)).toEqual(draws[i]);
    const far = 10 ** 12;
    const { source, place } = new MixtureSchedule(weights, 5).at(5, far);
    expect(Math.abs(place - (weights[source]! / 100) * far)).toBeLessThan(6);
  });

  it("has another order for another seed, and gives all draws to a single source", () => {
    const order = (seed: number) => {
      const schedule = new MixtureSchedule(weights, seed);
      return Array.from({ length: 50 }, (_, i) => schedule.at(seed, i).source);
    };
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(new MixtureSchedule([3], 0).at(0, 41)).toEqual({ source: 0, place: 41 });
  });
});

describe("balanceWeights", () => {
  it("rakes several attributes as ipfn does", () => {
    const { cells, targets } = fixture.raking;
    const rows = cells.flatMap(({ row, count }) => Array<Record<string, string>>(count).fill(row));
    const result = balanceWeights(rows, targets, { tolerance: 1e-12 });
    const expected = cells.flatMap(({ count, weight }) => Array<number>(count).fill(weight));
    for (const [i, weight] of result.weights.entries()) expect(weight).toBeCloseTo(expected[i]!, 6);
    expect(result.largestDifference).toBeLessThan(1e-12);
  });

  it("is the ratio of the shares for one attribute", () => {
    const rows = ["f", "m", "m", "m"].map((gender) => ({ gender }));
    const { weights, shares, effectiveRows } = balanceWeights(rows, { gender: { f: 1, m: 1 } });
    for (const [i, weight] of [2, 2 / 3, 2 / 3, 2 / 3].entries()) expect(weights[i]).toBeCloseTo(weight, 12);
    expect(shares.gender!.f).toBeCloseTo(0.5, 12);
    expect(effectiveRows).toBeCloseTo(16 / (4 + 3 * (4 / 9)), 10);
  });

  it("caps weights and tells what is missing to the target", () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ group: i === 0 ? "rare" : "common" }));
    const { weights, shares, largestDifference } = balanceWeights(
      rows,
      { group: { rare: 0.3, common: 0.7 } },
      { maxWeight: 5 },
    );
    expect(weights[0]).toBe(5);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(100, 8);
    expect(shares.group!.rare).toBeCloseTo(0.05, 10);
    expect(largestDifference).toBeCloseTo(0.25, 8);
  });

  it("tells of shares and rows as they are where a cap leaves too little weight", () => {
    const rows = ["x", "y", "y", "y"].map((a) => ({ a }));
    const result = balanceWeights(rows, { a: { x: 1, y: 0 } }, { maxWeight: 2 });
    expect(result).toMatchObject({ shares: { a: { x: 1, y: 0 } }, largestDifference: 0, effectiveRows: 1 });
  });

  it("ends where targets contradict each other", () => {
    const rows = [
      { a: "x", b: "x" },
      { a: "y", b: "y" },
    ];
    const result = balanceWeights(rows, { a: { x: 0.9, y: 0.1 }, b: { x: 0.1, y: 0.9 } });
    expect(result.largestDifference).toBeGreaterThan(0.5);
    expect(result.iterations).toBeLessThan(200);
  });

  it("names what cannot be", () => {
    const rows = [{ a: "x" }];
    expect(() => balanceWeights([], { a: { x: 1 } })).toThrow("expected at least one row, got none");
    expect(() => balanceWeights(rows, { a: { y: 1 } })).toThrow("row 0: a: expected one of y, got x");
    expect(() => balanceWeights(rows, { a: { x: 1, y: 1 } })).toThrow("target a.y: no row has this category");
    expect(() => balanceWeights(rows, { a: { x: -1 } })).toThrow("target a.x: expected shares from 0");
    expect(() => balanceWeights(rows, { a: { x: 1 } }, { maxWeight: 0.5 })).toThrow(
      "maxWeight: expected a number of at least 1",
    );
  });
});

describe("resample", () => {
  const documents = (count: number): Document[] =>
    Array.from({ length: count }, (_, i) => ({ id: `d${i}`, text: "x", metadata: { rare: i % 4 === 0 } }));

  it("gives each document as often as its weight says, whatever the order", async () => {
    const step = resample({ weight: ({ metadata }) => (metadata!.rare ? 2.5 : 0.4) });
    const run = pipeline(documents(2000), [step]);
    const kept = await collect(run.documents);
    const rare = kept.filter(({ metadata }) => metadata!.rare);
    expect(Math.abs(rare.length - 1250)).toBeLessThan(50);
    expect(Math.abs(kept.length - rare.length - 600)).toBeLessThan(60);
    expect(run.report().steps[0]!.dropped.resampled).toBe(1500 - (kept.length - rare.length));
    expect(new Set(kept.map(({ id }) => id)).size).toBe(kept.length);
    expect(kept.find(({ id }) => id === "d0#copy2")?.metadata).toEqual({ rare: true, copy: 2 });
    const reversed = await collect(pipeline(documents(2000).reverse(), [step]).documents);
    expect(reversed.map(({ id }) => id).toSorted()).toEqual(kept.map(({ id }) => id).toSorted());
    const other = await collect(pipeline(documents(2000), [resample({ weight: () => 0.5, seed: 1 })]).documents);
    const same = await collect(pipeline(documents(2000), [resample({ weight: () => 0.5, seed: 2 })]).documents);
    expect(other.map(({ id }) => id)).not.toEqual(same.map(({ id }) => id));
  });

  it("caps copies and refuses weights that are none", async () => {
    const run = (weight: number, maxCopies = 3) =>
      collect(pipeline(documents(1), [resample({ weight: () => weight, maxCopies })]).documents);
    expect(await run(99)).toHaveLength(3);
    expect(await run(0)).toHaveLength(0);
    await expect(run(Number.NaN)).rejects.toThrow(
      "resample: d0: expected a weight that is a finite number from 0, got NaN",
    );
    await expect(run(-1)).rejects.toThrow("got -1");
    expect(() => resample({ weight: () => 1, maxCopies: 0 })).toThrow(
      "maxCopies: expected a number of at least 1, got 0",
    );
  });
});
