import { describe, expect, it } from "vitest";
import type { BaselineModel } from "./baseline.ts";
import { modifiedDiscounts } from "./discounts.ts";
import { interpolatedNgramModel } from "./ngram.ts";
import { uniformModel } from "./uniform.ts";
import { unigramModel } from "./unigram.ts";

/** Tokens with frequent and rare ones, and pairs that like each other: a small generator in place of a text. */
function text(length: number, vocabularySize: number, seed = 1): Uint32Array {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const tokens = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const follows = i > 0 && random() < 0.6;
    tokens[i] = follows ? (tokens[i - 1]! * 3 + 1) % vocabularySize : Math.floor(vocabularySize * random() ** 3);
  }
  return tokens;
}

function sumOver(model: BaselineModel, context: readonly number[]): number {
  let sum = 0;
  for (let token = 0; token < model.vocabularySize; token++) {
    const p = model.probability(Uint32Array.of(...context, token), context.length);
    expect(p).toBeGreaterThan(0);
    sum += p;
  }
  return sum;
}

describe("probabilities add up to 1", () => {
  const training = text(3000, 40);
  const contexts = [[], [3], [7, 22, 27], [39, 39, 39, 39], [...training.slice(100, 106)], [...training.slice(-5)]];

  it.each([1, 2, 3, 5, 7])("order %i", async (order) => {
    // Tokens 40 to 49 never occur in the training text.
    const model = await interpolatedNgramModel(training, { vocabularySize: 50, order });
    for (const context of contexts) expect(sumOver(model, context)).toBeCloseTo(1, 12);
  });

  it("after training on next to nothing", async () => {
    for (const few of [[], [4], [4, 4], [1, 2, 3]]) {
      const model = await interpolatedNgramModel(Uint32Array.from(few), { vocabularySize: 6 });
      for (const context of [[], [4], [1, 2], [2, 3]]) expect(sumOver(model, context)).toBeCloseTo(1, 12);
    }
  });

  it("unigram and uniform", async () => {
    expect(sumOver(await unigramModel(training, { vocabularySize: 50 }), [])).toBeCloseTo(1, 12);
    expect(sumOver(uniformModel(50), [])).toBeCloseTo(1, 12);
  });
});

/** Chen and Goodman's definition with sets and strings: for each order the count of an n-gram, or of its left contexts. */
function naiveKneserNey(tokens: readonly number[], order: number, vocabularySize: number) {
  const counts = Array.from({ length: order }, () => new Map<string, number>());
  for (let length = 1; length <= order; length++) {
    const grams = new Map<string, number>();
    for (let i = 0; i + length <= tokens.length; i++) {
      const gram = tokens.slice(i, i + length).join(" ");
      grams.set(gram, (grams.get(gram) ?? 0) + 1);
    }
    if (length === order) for (const [gram, count] of grams) counts[length - 1]!.set(gram, count);
    if (length === 1) continue;
    for (const gram of grams.keys()) {
      const shorter = gram.slice(gram.indexOf(" ") + 1);
      counts[length - 2]!.set(shorter, (counts[length - 2]!.get(shorter) ?? 0) + 1);
    }
  }
  return (context: readonly number[], token: number): number => {
    let p = 1 / vocabularySize;
    for (let length = 0; length <= Math.min(order - 1, context.length); length++) {
      const table = counts[length]!;
      const discounts = modifiedDiscounts({ size: table.size, counts: Uint32Array.from(table.values()) });
      const discount = (count: number) => (count === 0 ? 0 : discounts[Math.min(count, 3) - 1]!);
      const prefix = context.slice(context.length - length).map((id) => `${id} `);
      const continuations = Array.from({ length: vocabularySize }, (_, id) => table.get(prefix.join("") + id) ?? 0);
      const total = continuations.reduce((a, b) => a + b, 0);
      if (total === 0) continue;
      const taken = continuations.reduce((sum, count) => sum + discount(count), 0);
      const count = continuations[token]!;
      p = (count - discount(count) + taken * p) / total;
    }
    return p;
  };
}

it("equals the definition written with sets and strings", async () => {
  const training = text(800, 12, 5);
  for (const order of [2, 3, 4]) {
    const model = await interpolatedNgramModel(training, { vocabularySize: 14, order });
    const naive = naiveKneserNey([...training], order, 14);
    const probe = text(60, 14, 9);
    for (let at = 0; at < probe.length; at++) {
      const expected = naive([...probe.slice(0, at)], probe[at]!);
      expect(model.probability(probe, at)).toBeCloseTo(expected, 12);
    }
  }
});

it("takes the discounts from the counts of counts", () => {
  const counts = Uint32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 9);
  // 8, 4, 2, 1 n-grams with the counts 1 to 4: Y = 8 / (8 + 8).
  expect(modifiedDiscounts({ size: counts.length, counts })).toEqual([0.5, 2 - (3 * 0.5 * 2) / 4, 3 - (4 * 0.5) / 2]);
  expect(modifiedDiscounts({ size: 1, counts })).toEqual([0.5, 1, 1.5]);
});

it("predicts better with context, and unlearns little by contexts that say nothing", async () => {
  const training = text(20_000, 60);
  const held = text(2000, 60, 77);
  const loss = async (order: number) => {
    const model = await interpolatedNgramModel(training, { vocabularySize: 60, order });
    let sum = 0;
    for (let at = 1; at < held.length; at++) sum -= Math.log2(model.probability(held, at));
    return sum / (held.length - 1);
  };
  expect(await loss(2)).toBeLessThan((await loss(1)) - 1);
  expect(await loss(5)).toBeLessThan(1.1 * (await loss(2)));
});

it("names what cannot work", async () => {
  const tokens = Uint32Array.of(1, 2, 3);
  await expect(interpolatedNgramModel(tokens, { vocabularySize: 4, order: 0 })).rejects.toThrow(
    "order must be a whole number from 1 to 16, got 0",
  );
  await expect(interpolatedNgramModel(tokens, { vocabularySize: 3 })).rejects.toThrow(
    "interpolatedNgramModel: token id 3 at 2 is outside the vocabulary of 3",
  );
  await expect(unigramModel(tokens, { vocabularySize: 0 })).rejects.toThrow(
    "vocabularySize must be a whole number above 0, got 0",
  );
  const signal = AbortSignal.abort(new Error("stopped"));
  await expect(interpolatedNgramModel(tokens, { vocabularySize: 4, signal })).rejects.toThrow("stopped");
});
