// Languages of texts of the Universal Declaration of Human Rights and of odd texts, against fastText's own predictions with the same
// model (tools/fixtures/data_clean_language.py), and the steps that use them.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Document } from "../document.ts";
import { pipeline } from "../pipeline.ts";
import type { TextClassifier } from "../quality/textClassifier.ts";
import { filterLanguage } from "./filterLanguage.ts";
import { languageClassifier } from "./languageModel.ts";
import { limitLanguages } from "./limitLanguages.ts";

interface Entry {
  readonly language: string;
  readonly text: string;
  readonly predicted: readonly (readonly [string, number])[];
}

const entries = JSON.parse(
  readFileSync(new URL("__fixtures__/lid176.json", import.meta.url), "utf8"),
) as readonly Entry[];

let classifier: TextClassifier;
beforeAll(async () => {
  classifier = await languageClassifier();
});

async function keptBy(run: { documents: AsyncIterable<Document> }): Promise<Document[]> {
  const kept: Document[] = [];
  for await (const document of run.documents) kept.push(document);
  return kept;
}

describe("languageClassifier", () => {
  it("knows at least 100 languages, with texts of as many in the fixture", () => {
    expect(classifier.labels.length).toBe(176);
    expect(new Set(entries.map(({ language }) => language)).size).toBeGreaterThan(100);
  });

  it("predicts as fastText", () => {
    const differing = entries.filter(({ text, predicted }) => {
      const ours = new Map(
        classifier.predict(text, { count: Number.POSITIVE_INFINITY }).map(({ label, score }) => [label, score]),
      );
      return predicted.some(([label, score]) => !(Math.abs(ours.get(label)! - Math.min(1, score)) < 2e-5));
    });
    expect(differing).toEqual([]);
  });

  it("names the language of most passages", () => {
    const labelled = entries.filter(({ language }) => language !== "");
    const right = labelled.filter(({ language, text }) => classifier.predict(text)[0]!.label === language);
    expect(right.length / labelled.length).toBeGreaterThan(0.7);
  });
});

describe("filterLanguage", () => {
  const documents = [
    { id: "en", text: "All human beings are born free and equal in dignity and rights." },
    { id: "de", text: "Alle Menschen sind frei und gleich an Würde und Rechten geboren." },
    { id: "unclear", text: "xqz" },
  ];

  it("labels and keeps what is certain", async () => {
    const run = pipeline(documents, [filterLanguage()]);
    const kept = await keptBy(run);
    expect(kept.map(({ id, metadata }) => [id, metadata?.language])).toEqual([
      ["en", "en"],
      ["de", "de"],
    ]);
    expect(kept[0]!.metadata!.languageScore).toBeGreaterThan(0.9);
    expect(run.report().steps[0]!.dropped).toEqual({ "unclear language": 1 });
  });

  it("keeps the languages asked for", async () => {
    const run = pipeline(documents, [filterLanguage({ languages: ["de", "fr"] })]);
    expect((await keptBy(run)).map(({ id }) => id)).toEqual(["de"]);
    expect(run.report().steps[0]!.dropped["other language"]).toBeGreaterThan(0);
    const labelled = await keptBy(pipeline(documents, [filterLanguage({ minScore: 0 })]));
    expect(labelled).toHaveLength(3);
  });

  it("refuses languages that the classifier does not know", async () => {
    const run = pipeline(documents, [filterLanguage({ languages: ["english"] })]);
    await expect(keptBy(run)).rejects.toThrow('filterLanguage: the classifier knows no language "english"');
  });
});

describe("limitLanguages", () => {
  const documents = Array.from({ length: 300 }, (_, i) => ({
    id: `document ${i}`,
    text: "twelve bytes",
    metadata: { language: i % 3 === 0 ? "de" : "en" },
  }));

  it("keeps the first documents and bytes of a language", async () => {
    const quotas = { de: { maxDocuments: 10 }, en: { maxBytes: 61 } };
    const run = pipeline(documents, [limitLanguages({ quotas })]);
    const kept = await keptBy(run);
    expect(kept.filter(({ metadata }) => metadata?.language === "de")).toHaveLength(10);
    expect(kept.filter(({ metadata }) => metadata?.language === "en")).toHaveLength(5);
    expect(run.report().steps[0]!.dropped).toEqual({ "language documents": 90, "language bytes": 195 });
  });

  it("chooses a share by ids, whatever the order", async () => {
    const step = () => limitLanguages({ quotas: { en: { share: 0.25 } }, others: { share: 1 } });
    const kept = await keptBy(pipeline(documents, [step()]));
    const reversed = await keptBy(pipeline([...documents].reverse(), [step()]));
    expect(reversed.map(({ id }) => id).reverse()).toEqual(kept.map(({ id }) => id));
    const english = kept.filter(({ metadata }) => metadata?.language === "en").length;
    expect(english).toBeGreaterThan(30);
    expect(english).toBeLessThan(70);
    const other = await keptBy(pipeline(documents, [limitLanguages({ others: { share: 0.5 }, seed: 1 })]));
    expect(other.length).not.toBe(kept.length);
  });

  it("refuses impossible quotas", () => {
    expect(() => limitLanguages({ quotas: { en: { share: 2 } } })).toThrow(
      "limitLanguages: en: expected limits from 0 and a share from 0 to 1",
    );
  });
});
