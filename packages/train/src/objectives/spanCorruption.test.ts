import { T5 } from "@llm/model";
import { describe, expect, it } from "vitest";
import { vocabulary } from "../../test/objectiveCases.ts";
import { expectedValues } from "../../test/objectiveFixtures.ts";
import { noiseCounts, noiseMask, spanCorruption, spanCorruptionLengths, withSentinels } from "./spanCorruption.ts";

interface Noise {
  noiseDensity: number;
  meanSpanLength: number;
}

interface Spans {
  counts: (Noise & { length: number; counts: [number, number] })[];
  lengths: (Noise & { inputLength: number; lengths: [number, number] })[];
  texts: { ids: number[]; mask: number[]; inputIds: number[]; labels: number[] }[];
}

const published = await expectedValues<Spans>("spans");
const usual = { noiseDensity: 0.15, meanSpanLength: 3 };

describe("as T5's published code", () => {
  it("cuts out as many tokens in as many spans", () => {
    for (const { length, counts, ...options } of published.counts) {
      const { noise, spans } = noiseCounts(length, options);
      expect([noise, spans], `${length} tokens at ${options.noiseDensity}`).toEqual(counts);
    }
  });

  it("says how long texts must be to fill the inputs", () => {
    for (const { inputLength, lengths, ...options } of published.lengths) {
      const { sequenceLength, targetLength } = spanCorruptionLengths(inputLength, options);
      expect([sequenceLength, targetLength]).toEqual(lengths);
    }
  });

  it("writes sentinels and spans", () => {
    const sentinels = Array.from({ length: 100 }, (_, i) => 999 - i);
    for (const { ids, mask, inputIds, labels } of published.texts) {
      const pair = withSentinels(ids, Uint8Array.from(mask), { sentinels, endId: 1 });
      expect(pair).toEqual({ inputIds: [...inputIds, 1], labels: [...labels, 1] });
    }
  });
});

describe("spans", () => {
  const lengthsOf = (mask: Uint8Array): { noise: number[]; text: number[] } => {
    const runs = [...mask.join("").matchAll(/0+|1+/g)].map(([run]) => run);
    const ofKind = (kind: string) => runs.filter((run) => run.startsWith(kind)).map((run) => run.length);
    return { noise: ofKind("1"), text: ofKind("0") };
  };

  it("begin and end with text and noise, as many of each as they should be, wherever they fall", () => {
    const places = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const mask = noiseMask(60, usual, { seed: 2, place: `batch ${i}` });
      const { noise, text } = lengthsOf(mask);
      expect([mask[0], mask[59]]).toEqual([0, 1]);
      expect([noise.length, text.length]).toEqual([3, 3]);
      expect(noise.reduce((sum, length) => sum + length)).toBe(9);
      places.add(mask.join(""));
    }
    expect(places.size).toBe(50);
  });

  it("divide the noise in every way equally often", () => {
    // Four tokens in two spans: 1 + 3, 2 + 2, 3 + 1.
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const { noise } = lengthsOf(
        noiseMask(12, { noiseDensity: 0.34, meanSpanLength: 2 }, { seed: 1, place: String(i) }),
      );
      counts.set(String(noise), (counts.get(String(noise)) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["1,3", "2,2", "3,1"]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(100);
  });

  it("leave a text of one token whole", () => {
    expect(noiseMask(1, usual, { seed: 0, place: "" })).toEqual(Uint8Array.of(0));
  });
});

describe("the objective", () => {
  const model = new T5({ vocabularySize: 24, contextLength: 64, layers: 1, heads: 1, width: 4 });
  const objective = spanCorruption({ tokenizer: vocabulary });
  const windows = (sequenceLength: number) => ({
    inputIds: Int32Array.from({ length: 2 * sequenceLength }, (_, i) => 3 + (i % 16)),
    labels: new Int32Array(0),
    batchSize: 2,
    sequenceLength,
  });

  it("gives inputs and labels that make up the text", async () => {
    const { inputs, tokens } = objective.prepare(windows(20), model, { seed: 3, place: "batch 7" });
    const [ids, labels] = [
      Array.from(await inputs.inputIds!.data(), Number),
      Array.from(await inputs.labels!.data(), Number),
    ];
    expect(tokens).toBe(2 * (19 + 5));
    expect(inputs.attentionMask).toBeUndefined();
    for (let row = 0; row < 2; row++) {
      const read = ids.slice(row * 19, (row + 1) * 19);
      const written = labels.slice(row * 5, (row + 1) * 5);
      expect(written).toEqual([23, expect.any(Number), expect.any(Number), expect.any(Number), 2]);
      const whole = read.flatMap((id) => (id === 23 ? written.slice(1, 4) : id === 2 ? [] : [id]));
      expect(whole).toEqual(Array.from({ length: 20 }, (_, i) => 3 + ((row * 20 + i) % 16)));
    }
  });

  it("names what cannot be", () => {
    const make = (options: object) => () => spanCorruption({ tokenizer: vocabulary, ...options });
    expect(make({ noiseDensity: 1 })).toThrow("spanCorruption: noiseDensity must be above 0 and below 1, got 1");
    expect(make({ meanSpanLength: 0.5 })).toThrow("spanCorruption: meanSpanLength must be at least 1, got 0.5");
    expect(make({ tokenizer: { ...vocabulary, tokenToId: () => undefined } })).toThrow("has no sentinels <extra_id_0>");
    const noEnd = (token: string) => (token === "</s>" ? undefined : vocabulary.tokenToId(token));
    expect(make({ tokenizer: { ...vocabulary, tokenToId: noEnd } })).toThrow("has no token </s>");
    expect(() => spanCorruptionLengths(1)).toThrow("inputLength must be a whole number of at least 3, got 1");
    const dense = spanCorruption({ tokenizer: vocabulary, noiseDensity: 0.5, meanSpanLength: 1 });
    expect(() => dense.checkBatch!(windows(14), model)).toThrow(
      "spanCorruption: example 0 has 14 tokens, so 7 spans, but the tokenizer has 5 sentinels (shorter sequences, or longer spans)",
    );
    expect(() => objective.checkBatch!(windows(80), model)).toThrow(
      "example 0 has 73 tokens, the model's context holds 1 to 64",
    );
    const other = new T5({ ...model.config, vocabularySize: 20 });
    expect(() => objective.checkModel!(other)).toThrow(
      "spanCorruption: the tokenizer of the data has 24 tokens, the model's vocabulary 20",
    );
  });
});
