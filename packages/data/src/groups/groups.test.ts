import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Document } from "../document.ts";
import { groupLexicons, mergeLexicons } from "./groupLexicon.ts";
import { GroupFinder } from "./groupMentions.ts";
import { measureGroups, pointwiseMutualInformation } from "./groupReport.ts";
import { occupations } from "./lexicons/occupations.ts";
import { representationReport } from "./representation.ts";
import { SentimentScorer, sentimentLanguages, sentimentWords } from "./sentiment.ts";

const reference = JSON.parse(readFileSync(new URL("__fixtures__/balance.json", import.meta.url), "utf8")) as {
  pmi: { counts: [number, number, number, number]; pmi: number }[];
  sentiment: { text: string; score: number }[];
};

const finder = new GroupFinder();
const found = (text: string, language = "en") =>
  finder.mentions(text, language).map(({ attribute, group, term }) => `${attribute}.${group}: ${term}`);

describe("group lexicons", () => {
  const names = (language: string) =>
    Object.entries(groupLexicons[language]!).map(([attribute, groups]) => [attribute, Object.keys(groups)]);

  it.each(Object.keys(groupLexicons))(
    "%s has the attributes and groups of English, each with terms that it finds",
    (language) => {
      expect(names(language)).toEqual(names("en"));
      for (const [attribute, groups] of Object.entries(groupLexicons[language]!)) {
        for (const [group, terms] of Object.entries(groups)) {
          expect(terms.length).toBeGreaterThan(0);
          for (const term of terms) {
            const mentions = finder.mentions(term, language);
            expect(mentions, `${language}: ${term}`).toContainEqual({
              attribute,
              group,
              term,
              start: 0,
              end: term.length,
            });
          }
        }
      }
    },
  );

  it("names no term twice in a list", () => {
    for (const lexicon of Object.values(groupLexicons)) {
      for (const terms of Object.values(lexicon).flatMap((groups) => Object.values(groups))) {
        expect(new Set(terms).size).toBe(terms.length);
      }
    }
    for (const words of Object.values(occupations)) expect(new Set(words).size).toBe(words.length);
  });

  it("can be added to", () => {
    const lexicon = mergeLexicons(groupLexicons.en!, { gender: { female: ["heroine"] }, trade: { baker: ["baker"] } });
    const mentions = new GroupFinder({ lexicons: { en: lexicon } }).mentions("The heroine and her baker");
    expect(mentions.map(({ group }) => group)).toEqual(["female", "female", "baker"]);
    expect(groupLexicons.en!.gender!.female).not.toContain("heroine");
  });
});

describe("GroupFinder", () => {
  it("finds words and phrases, the longest at each place, with their places", () => {
    expect(found("SHE met an old woman; the African-American judge smiled.")).toEqual([
      "gender.female: SHE",
      "age.older: old woman",
      "ethnicity.black: African-American",
    ]);
    expect(finder.mentions("Two Sikhs.")).toEqual([
      { attribute: "religion", group: "sikh", term: "Sikhs", start: 4, end: 9 },
    ]);
  });

  it("tells names with capitals from words without", () => {
    expect(found("They polish a pole. POLISH and Polish workers.")).toEqual([
      "nationality.pl: POLISH",
      "nationality.pl: Polish",
    ]);
    expect(found("Der Mann liebt eine Frau, man sah dame und FRAU.", "de")).toEqual([
      "gender.male: Mann",
      "gender.female: Frau",
      "gender.female: FRAU",
    ]);
    expect(found("white walls, black cars, the cat sat")).toEqual([]);
  });

  it("knows words in texts without spaces", () => {
    expect(found("她是一名残疾人,他们和其他人是美国人中的老年人。", "zh")).toEqual([
      "gender.female: 她",
      "disability.general: 残疾人",
      "nationality.us: 美国人",
      "age.older: 老年人",
    ]);
  });

  it("finds no phrase across sentences, and nothing without a lexicon", () => {
    expect(found("He is old. Man proposes.")).toEqual(["gender.male: He", "gender.male: Man"]);
    expect(found("en gammal kvinna", "sv")).toEqual([]);
  });

  it("tells the main group of a document", () => {
    const group = (text: string) => finder.mainGroup({ id: "x", text }, "gender");
    expect(["She saw her son.", "Nobody.", "He and she."].map(group)).toEqual(["female", "none", "several"]);
  });
});

describe("sentiment", () => {
  it("scores English as the afinn package of Python", () => {
    const english = new SentimentScorer("en");
    for (const { text, score } of reference.sentiment) expect([text, english.score(text)]).toEqual([text, score]);
  });

  it("has a list for every language it names", () => {
    for (const language of sentimentLanguages)
      expect(Object.keys(sentimentWords(language)!).length).toBeGreaterThan(1000);
    expect(sentimentWords("tlh")).toBeUndefined();
    expect(() => new SentimentScorer("tlh")).toThrow('expected a language of sentimentLanguages, got "tlh"');
    expect(new SentimentScorer("tlh", { Qapla: 3 }).score("Qapla!")).toBe(3);
    expect(new SentimentScorer("de").score("Das ist wunderbar")).toBeGreaterThan(0);
    expect(new SentimentScorer("zh").score("这个消息很丑陋")).toBeLessThan(0);
  });
});

describe("measureGroups", () => {
  it("has nltk's pointwise mutual information", () => {
    for (const { counts, pmi } of reference.pmi) {
      expect(pointwiseMutualInformation(...counts)).toBeCloseTo(pmi, 10);
    }
  });

  const document = (text: string, language?: string): Document => ({
    id: text,
    text,
    ...(language && { metadata: { language } }),
  });
  const repeat = (count: number, text: string) => Array.from({ length: count }, () => document(text));

  it("counts mentions and documents, words near them and their tone", async () => {
    const documents = [
      ...repeat(6, "She is a nurse and a wonderful person."),
      ...repeat(2, "She is an engineer."),
      ...repeat(4, "He is an engineer and a terrible cook."),
      document("He said that he knew nothing about the price of fish in the harbour on that day, says a nurse."),
      document("Er ist Arzt.", "de"),
      document("det var en gång", "sv"),
    ];
    const report = await measureGroups(documents, { minCount: 1 });
    expect([report.documents, report.withoutLexicon]).toEqual([15, 1]);
    const { female, male } = report.attributes.gender!;
    expect(female).toMatchObject({ mentions: 8, documents: 8, share: 8 / 14, sentiment: 4, sentimentContexts: 6 });
    expect(male).toMatchObject({ mentions: 6, documents: 5, share: 6 / 14, sentiment: -3, sentimentContexts: 4 });
    expect(female!.associations.occupations).toEqual([
      { word: "nurse", count: 6, pmi: expect.closeTo(Math.log2((6 * 14) / (8 * 6)), 10) },
      { word: "engineer", count: 2, pmi: expect.closeTo(Math.log2((2 * 14) / (8 * 6)), 10) },
    ]);
    expect(male!.associations.occupations!.map(({ word }) => word)).toEqual(["cook", "engineer"]);
  });

  it("takes the window, the lists and the valences it is given, and leaves rare words out", async () => {
    const documents = repeat(3, "Her very own brave and quite gentle dog.");
    const wordLists = { traits: { en: ["brave", "gentle"] } };
    const near = (options: object) =>
      measureGroups(documents, { wordLists, minCount: 1, ...options }).then(
        ({ attributes }) => attributes.gender!.female!,
      );
    expect((await near({ windowWords: 3 })).associations.traits!.map(({ word }) => word)).toEqual(["brave"]);
    expect((await near({ windowWords: 6 })).associations.traits!.map(({ word }) => word)).toEqual(["brave", "gentle"]);
    expect((await near({ minCount: 4 })).associations.traits).toEqual([]);
    expect((await near({ sentiment: { en: { dog: 2 } } })).sentiment).toBe(2);
    expect((await near({ sentiment: { en: {} } })).sentiment).toBeUndefined();
  });

  it("counts the mention itself as no context", async () => {
    const report = await measureGroups(repeat(1, "The queen."), { sentiment: { en: { queen: 3 } }, minCount: 1 });
    expect(report.attributes.gender!.female!.sentiment).toBeUndefined();
  });

  it("refuses windows that are none", async () => {
    await expect(measureGroups([], { windowWords: 0 })).rejects.toThrow(
      "measureGroups: windowWords: expected a whole number above 0, got 0",
    );
  });
});

describe("representationReport", () => {
  it("holds shares against a target", () => {
    const report = representationReport({ female: 30, male: 70 }, { female: 1, male: 1 });
    expect(report.groups[0]).toEqual({ group: "female", count: 30, share: 0.3, target: 0.5, ratio: 0.6 });
    expect(report.distance).toBeCloseTo(0.2, 12);
    expect(report.divergence).toBeCloseTo(0.3 * Math.log2(0.6) + 0.7 * Math.log2(1.4), 12);
  });

  it("knows groups that are only on one side", () => {
    const report = representationReport({ a: 1, b: 1 }, { a: 1, c: 1 });
    expect(report.groups.map(({ group, ratio }) => [group, ratio])).toEqual([
      ["c", 0],
      ["a", 1],
      ["b", Number.POSITIVE_INFINITY],
    ]);
    expect(report.divergence).toBe(Number.POSITIVE_INFINITY);
    expect(() => representationReport({ a: 0 }, { a: 1 })).toThrow("counts: expected numbers with a sum above 0");
    expect(() => representationReport({ a: -1 }, { a: 1 })).toThrow(
      "counts.a: expected a finite number from 0, got -1",
    );
  });
});
