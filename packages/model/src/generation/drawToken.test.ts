import { hostRandomNormal } from "@llm/tensor";
import { describe, expect, it } from "vitest";
import { checkSampling, type SamplingOptions, sampleToken } from "./sample.ts";

/** The probabilities that the options leave, by sorting everything: what `sampleToken` must draw from. */
function distribution(logits: Float32Array, { temperature = 1, topK = 0, topP = 1 }: SamplingOptions): number[] {
  const largest = Math.max(...logits);
  const weights = Array.from(logits, (logit, id) => ({ id, weight: Math.exp((logit - largest) / temperature) }));
  const sorted = weights.sort((a, b) => b.weight - a.weight || a.id - b.id).slice(0, topK || undefined);
  const sum = (list: typeof sorted) => list.reduce((total, { weight }) => total + weight, 0);
  const size = sorted.findIndex((_, i) => sum(sorted.slice(0, i + 1)) >= topP * sum(sorted)) + 1;
  const kept = topP === 1 || size === 0 ? sorted : sorted.slice(0, size);
  const probabilities = new Array<number>(logits.length).fill(0);
  for (const { id, weight } of kept) probabilities[id] = weight / sum(kept);
  return probabilities;
}

function frequencies(logits: Float32Array, options: SamplingOptions, draws: number): number[] {
  const counts = new Array<number>(logits.length).fill(0);
  for (let step = 0; step < draws; step++) counts[sampleToken(logits, options, step)]! += 1 / draws;
  return counts;
}

const settings: SamplingOptions[] = [
  {},
  { temperature: 0.5 },
  { temperature: 3 },
  { topK: 5 },
  { topK: 1000 },
  { topP: 0.6 },
  { topP: 1e-9 },
  { topK: 8, topP: 0.7, temperature: 1.3 },
];

describe("sampleToken", () => {
  it.each(settings)("draws from the distribution that %o leaves", (options) => {
    for (const place of ["a", "b"]) {
      const logits = hostRandomNormal(3, place, 40, 2);
      const expected = distribution(logits, options);
      const drawn = frequencies(logits, { ...options, seed: 11 }, 20_000);
      for (const [id, probability] of expected.entries()) {
        if (probability === 0) expect(drawn[id], `token ${id}`).toBe(0);
        // Five standard deviations of a frequency over 20,000 draws, and two draws for the rarest tokens.
        else expect(Math.abs(drawn[id]! - probability)).toBeLessThan(5 * Math.sqrt(probability / 20_000) + 1e-4);
      }
    }
  });

  it("keeps the lower ids where weights are equal at the border of topK", () => {
    const logits = Float32Array.of(1, 2, 1, 1, 2);
    expect(frequencies(logits, { topK: 3 }, 2000).map((frequency) => frequency > 0)).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it("takes the likeliest token at temperature 0 and the first of equals", () => {
    expect(sampleToken(Float32Array.of(0, 3, 3, -1), { temperature: 0 }, 0)).toBe(1);
    expect(sampleToken(Float32Array.of(0, 3, 3, -1), { temperature: 1e-310, seed: 4 }, 0)).toBeLessThan(3);
  });

  it("never draws a token that was ruled out with -Infinity", () => {
    const logits = Float32Array.of(Number.NEGATIVE_INFINITY, 0, 0, Number.NEGATIVE_INFINITY);
    expect(
      frequencies(logits, {}, 1000)
        .slice(1, 3)
        .every((frequency) => frequency > 0.4),
    ).toBe(true);
    expect(frequencies(logits, {}, 1000)[0]).toBe(0);
  });

  it("repeats with the same seed and differs with another", () => {
    const logits = hostRandomNormal(1, "logits", 100, 1);
    const draw = (seed: number) => Array.from({ length: 30 }, (_, step) => sampleToken(logits, { seed }, step));
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it("refuses logits that are not numbers, wherever they stand", () => {
    for (const damaged of [[1, Number.NaN, 2], [Number.NaN], [2, 1, Number.NaN]]) {
      expect(() => sampleToken(Float32Array.from(damaged), {}, 0)).toThrow(
        "sampling: a logit is NaN (the model's weights",
      );
    }
    expect(() => sampleToken(Float32Array.of(0, Number.POSITIVE_INFINITY), {}, 0)).toThrow("a logit is Infinity");
  });
});

it("names the sampling option outside its limits", () => {
  const cases: [SamplingOptions, string][] = [
    [{ temperature: -1 }, "temperature must be a number, at least 0, got -1"],
    [{ temperature: Number.NaN }, "temperature must be a number, at least 0, got NaN"],
    [{ temperature: Number.POSITIVE_INFINITY }, "temperature must be a number, at least 0, got Infinity"],
    [{ topK: 1.5 }, "topK must be a whole number, at least 0, got 1.5"],
    [{ topK: -1 }, "topK must be a whole number, at least 0, got -1"],
    [{ topP: 0 }, "topP must be above 0 and at most 1, got 0"],
    [{ topP: 1.1 }, "topP must be above 0 and at most 1, got 1.1"],
    [{ seed: 0.5 }, "seed must be a whole number, got 0.5"],
  ];
  for (const [options, text] of cases) expect(() => checkSampling(options)).toThrow(`sampling: ${text}`);
});
