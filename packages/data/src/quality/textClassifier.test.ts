// Models of every kind that fastText writes, against its own predictions (tools/fixtures/data_clean_language.py); models trained here;
// damaged files.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";
import { pipeline } from "../pipeline.ts";
import { filterQuality } from "./filterQuality.ts";
import { TextClassifier } from "./textClassifier.ts";
import { type LabelledText, trainTextClassifier } from "./trainTextClassifier.ts";

const path = (name: string) => fileURLToPath(new URL(`__fixtures__/${name}`, import.meta.url));
const { texts, predictions } = JSON.parse(readFileSync(path("predictions.json"), "utf8")) as {
  texts: string[];
  predictions: Record<string, [string, number][][]>;
};

describe("TextClassifier", () => {
  it.each(Object.keys(predictions))("predicts as fastText: %s", async (name) => {
    const classifier = await TextClassifier.load(path(name));
    for (const [i, text] of texts.entries()) {
      const theirs = predictions[name]![i]!;
      const ours = new Map(
        classifier.predict(text, { count: Number.POSITIVE_INFINITY }).map(({ label, score }) => [label, score]),
      );
      // One-vs-all: fastText looks the logistic function up in a table with steps of 1/32.
      const tolerance = name === "oneVsAll.bin" ? 0.008 : 5e-5;
      for (const [label, score] of theirs) {
        expect(Math.abs(ours.get(label)! - score), `${name}: ${text}`).toBeLessThan(tolerance);
      }
      expect(classifier.predict(text)[0]!.label, `${name}: ${text}`).toBe(theirs[0]![0]);
    }
  });

  it("says what is wrong with a file", async () => {
    const folder = new TemporaryFolder();
    const whole = readFileSync(path("softmax.bin"));
    const cut = folder.write("cut.bin", whole.subarray(0, whole.length - 100));
    await expect(TextClassifier.load(cut)).rejects.toThrow(
      /cut\.bin: not a whole fastText model at byte \d+: expected \d+ more bytes, \d+ are left/,
    );
    const other = folder.write("other.bin", "not a model at all");
    await expect(TextClassifier.load(other)).rejects.toThrow("it does not begin with fastText's mark");
    await expect(TextClassifier.load(folder.join("none.bin"))).rejects.toThrow("none.bin: could not be read");
    const vectors = Buffer.from(whole);
    vectors.writeInt32LE(2, 8 + 7 * 4);
    await expect(TextClassifier.load(folder.write("vectors.bin", vectors))).rejects.toThrow(
      "it is a model of word vectors",
    );
    const newer = Buffer.from(whole);
    newer.writeInt32LE(13, 4);
    await expect(TextClassifier.load(folder.write("newer.bin", newer))).rejects.toThrow(
      "version 13; 11 and 12 are known",
    );
  });

  it("refuses to write a compressed model", async () => {
    const folder = new TemporaryFolder();
    const classifier = await TextClassifier.load(path("quantized.ftz"));
    await expect(classifier.save(folder.join("copy.bin"))).rejects.toThrow("copy its file instead");
    expect(folder.files()).toEqual([]);
  });
});

/** Sentences of two kinds with words in common. */
function examples(count: number, seed: number): LabelledText[] {
  let state = seed;
  const draw = (words: readonly string[]) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return words[(state >>> 8) % words.length]!;
  };
  const common = ["and", "the", "of", "a", "in", "with"];
  const kinds = {
    good: ["theory", "light", "travels", "glass", "medium"],
    bad: ["buy", "cheap", "offer", "price", "click"],
  };
  return Array.from({ length: count }, (_, i) => {
    const label = i % 3 === 0 ? "bad" : "good";
    return { label, text: Array.from({ length: 8 }, () => draw([...common, ...kinds[label]])).join(" ") };
  });
}

describe("trainTextClassifier", () => {
  it("learns to tell unseen texts apart, the same each time", async () => {
    const train = () => trainTextClassifier(examples(300, 1), { buckets: 1000, maxSubword: 4, minSubword: 3 });
    const classifier = await train();
    const unseen = examples(200, 99);
    const right = unseen.filter(({ text, label }) => classifier.predict(text)[0]!.label === label);
    expect(right.length).toBeGreaterThan(190);
    expect(classifier.labels).toEqual(["good", "bad"]);
    const again = await train();
    expect(again.predict(unseen[0]!.text)).toEqual(classifier.predict(unseen[0]!.text));
  });

  it("tells orders of words apart by their runs", async () => {
    const pairs = Array.from({ length: 40 }, (_, i) =>
      i % 2 === 0 ? { text: "not good but bad", label: "bad" } : { text: "not bad but good", label: "good" },
    );
    const withRuns = await trainTextClassifier(pairs, { buckets: 100, epochs: 20 });
    expect(withRuns.predict("not good but bad")[0]!.label).toBe("bad");
    expect(withRuns.predict("not bad but good")[0]!.label).toBe("good");
  });

  it("saves what it reads back", async () => {
    const folder = new TemporaryFolder();
    const classifier = await trainTextClassifier(examples(60, 3), { buckets: 50, minCount: 2 });
    await classifier.save(folder.join("model.bin"));
    const loaded = await TextClassifier.load(folder.join("model.bin"));
    for (const { text } of examples(20, 5)) {
      expect(loaded.predict(text, { count: 2 })).toEqual(classifier.predict(text, { count: 2 }));
    }
    expect(folder.files()).toEqual(["model.bin"]);
  });

  it("refuses what cannot be trained", async () => {
    await expect(trainTextClassifier([{ text: "a", label: "one" }])).rejects.toThrow("two labels or more, got 1");
    await expect(trainTextClassifier([{ text: "a", label: "my label" }])).rejects.toThrow('got "my label"');
    await expect(trainTextClassifier([], { buckets: 0 })).rejects.toThrow(
      "expected buckets to be an integer from 1, got 0",
    );
    await expect(trainTextClassifier([], { learningRate: 0 })).rejects.toThrow("expected learningRate above 0, got 0");
  });
});

describe("filterQuality", () => {
  it("keeps what is like the good examples and notes how much", async () => {
    const classifier = await trainTextClassifier(examples(300, 1), { buckets: 1000 });
    const run = pipeline(
      [
        { id: "0", text: "the theory of light in glass" },
        { id: "1", text: "buy cheap, click the offer" },
      ],
      [filterQuality({ classifier, label: "good" })],
    );
    const kept = [];
    for await (const document of run.documents) kept.push(document);
    expect(kept.map(({ id }) => id)).toEqual(["0"]);
    expect(kept[0]!.metadata!.qualityScore).toBeGreaterThan(0.5);
    expect(run.report().steps[0]!.dropped).toEqual({ "low quality": 1 });
    expect(() => filterQuality({ classifier, label: "fine" })).toThrow(
      "expected one of the labels good, bad, got fine",
    );
  });
});
