import { hostRandomNormal } from "@llm/tensor";
import { describe, expect, it } from "vitest";
import type { SamplingOptions } from "./options.ts";
import { SampledSequences } from "./sampledSequences.ts";

/** The token at each of `steps` where the model always gives the same logits. */
function draws(logits: Float32Array, options: SamplingOptions, steps: number): number[] {
  const strategy = new SampledSequences([{ ids: [0], maxNewTokens: steps }], options);
  return Array.from({ length: steps }, () => {
    const [event] = strategy.advance([logits]).events;
    return event?.type === "token" ? event.id : -1;
  });
}

/** The probabilities that the options leave, by sorting everything: what must be drawn from. */
function distribution(
  logits: Float32Array,
  { temperature = 1, topK = 0, topP = 1, minP = 0 }: SamplingOptions,
): number[] {
  const largest = Math.max(...logits);
  const weights = Array.from(logits, (logit, id) => ({ id, weight: Math.exp((logit - largest) / temperature) }));
  const sorted = weights.sort((a, b) => b.weight - a.weight || a.id - b.id).slice(0, topK || undefined);
  const sum = (list: typeof sorted) => list.reduce((total, { weight }) => total + weight, 0);
  const size = sorted.findIndex((_, i) => sum(sorted.slice(0, i + 1)) >= topP * sum(sorted)) + 1;
  const nucleus = topP === 1 || size === 0 ? sorted : sorted.slice(0, size);
  const kept = nucleus.filter(({ weight }) => weight >= minP * nucleus[0]!.weight);
  const probabilities = new Array<number>(logits.length).fill(0);
  for (const { id, weight } of kept) probabilities[id] = weight / sum(kept);
  return probabilities;
}

function frequencies(logits: Float32Array, options: SamplingOptions, steps: number): number[] {
  const counts = new Array<number>(logits.length).fill(0);
  for (const id of draws(logits, options, steps)) counts[id]! += 1 / steps;
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
  { minP: 0.2 },
  { minP: 1 },
  { topK: 8, topP: 0.7, temperature: 1.3 },
  { topK: 12, topP: 0.9, minP: 0.1, temperature: 0.7 },
];

describe("a token", () => {
  it.each(settings)("is drawn from the distribution that %o leaves", (options) => {
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
    expect(draws(Float32Array.of(0, 3, 3, -1), { temperature: 0 }, 1)).toEqual([1]);
    expect(draws(Float32Array.of(0, 3, 3, -1), { temperature: 1e-310, seed: 4 }, 1)[0]).toBeLessThan(3);
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
    const draw = (seed: number) => draws(logits, { seed }, 30);
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it("refuses logits that are not numbers, wherever they stand", () => {
    for (const damaged of [[1, Number.NaN, 2], [Number.NaN], [2, 1, Number.NaN]]) {
      for (const options of [{}, { topK: 1 }, { topK: 2, minP: 0.5 }]) {
        expect(() => draws(Float32Array.from(damaged), options, 1)).toThrow(
          "generate: a logit is NaN (the model's weights",
        );
      }
    }
    expect(() => draws(Float32Array.of(0, Number.POSITIVE_INFINITY), {}, 1)).toThrow("a logit is Infinity");
  });
});

it("gives the sequences of one prompt draws of their own, and each prompt the draws it has alone", () => {
  const logits = hostRandomNormal(1, "logits", 100, 1);
  const starts = [1, 2].map((id) => ({ ids: [id], maxNewTokens: 20 }));
  const strategy = new SampledSequences(starts, { seed: 5, numberOfSequences: 3 });
  const ids: number[][] = Array.from({ length: 6 }, () => []);
  let rows = 2;
  while (rows > 0) {
    const { events, next } = strategy.advance(Array.from({ length: rows }, () => logits));
    for (const event of events) if (event.type === "token") ids[event.sequence]!.push(event.id);
    rows = next.ids.length;
  }
  expect(ids.slice(0, 3)).toEqual(ids.slice(3));
  expect(ids[0]).toEqual(draws(logits, { seed: 5 }, 20));
  expect(new Set(ids.map(String)).size).toBe(3);
});
