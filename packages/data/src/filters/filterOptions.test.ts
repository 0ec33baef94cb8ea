// What the options of the filters do, and the parts they rest on, apart from datatrove's defaults.
import { describe, expect, it } from "vitest";
import type { Step } from "../document.ts";
import { filterBadWords, filterC4, filterC4Paragraphs } from "./c4.ts";
import { splitWords } from "./englishTokenizer.ts";
import { filterFineWebQuality } from "./fineWebQuality.ts";
import { filterGopherQuality } from "./gopherQuality.ts";
import { filterGopherRepetition } from "./gopherRepetition.ts";
import { WordRuns } from "./wordRuns.ts";

/** The reason for which the step drops the text, or the text it hands on. */
async function outcome(step: Step, text: string): Promise<string> {
  let result = "";
  const drop = async (_: unknown, reason: string) => {
    result = `dropped: ${reason}`;
  };
  const documents = (async function* () {
    yield { id: "0", text };
  })();
  for await (const document of step.apply(documents, { drop })) result = document.text;
  return result;
}

describe("options", () => {
  it("count words, lines and sentences against other limits", async () => {
    const text = "The black cats and the brown dogs have to be fed.";
    expect(await outcome(filterGopherQuality(), text)).toBe("dropped: gopher_short_doc");
    expect(await outcome(filterGopherQuality({ minWords: 5 }), text)).toBe(text);
    expect(await outcome(filterGopherQuality({ minWords: 5, maxWords: 10 }), text)).toBe("dropped: gopher_long_doc");
    expect(await outcome(filterGopherQuality({ minWords: 5, minStopWords: 7 }), text)).toBe(
      "dropped: gopher_enough_stop_words",
    );
    expect(await outcome(filterC4({ minSentences: 1 }), `${text}\nHome`)).toBe(text);
    expect(
      await outcome(
        filterC4({ minSentences: 1, requireTerminalPunctuation: false, minWordsPerLine: 1 }),
        `${text}\nHome`,
      ),
    ).toBe(`${text}\nHome`);
    expect(await outcome(filterC4Paragraphs({ minParagraphs: 1, minParagraphLength: 20 }), text)).toBe(text);
    expect(await outcome(filterFineWebQuality(), "No mark here, and a line of some length")).toBe(
      "dropped: line_punct_ratio",
    );
    expect(
      await outcome(filterFineWebQuality({ allowNoPunctuation: true }), "No mark here, and a line of some length"),
    ).toBe("No mark here, and a line of some length");
    expect(await outcome(filterGopherRepetition({ topNGrams: [[1, 0.3]] }), "yes yes yes no")).toBe(
      "dropped: top_1_gram",
    );
  });

  it("bad words stand alone unless told otherwise", async () => {
    expect(await outcome(filterBadWords({ words: ["ass"] }), "A class.")).toBe("A class.");
    expect(await outcome(filterBadWords({ words: ["ass"], insideWords: true }), "A class.")).toBe(
      "dropped: document_removed_with_badwords",
    );
    expect(() => filterBadWords({ words: [" "] })).toThrow(
      "filterBadWords: expected at least one word, got an empty list",
    );
  });
});

describe("parts", () => {
  it("runs of words are counted as by strings", () => {
    const words = "to day today to day it is it is to day so it is today to day".split(" ");
    for (const n of [1, 2, 3, 4]) {
      const grams = words.slice(0, words.length - n + 1).map((_, i) => words.slice(i, i + n).join(" "));
      const counts = new Map<string, number>();
      for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1);
      const top = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
      expect(new WordRuns(words, " ").topLength(n)).toBe(top[0].length * top[1]);
    }
    // Joined, "to day" and "today" are the same run of letters, but not of as many words.
    expect(new WordRuns(["ab", "c", "a", "bc"], "").repeatedLength(2)).toBe(3);
    expect(new WordRuns(["ab"], " ").topLength(2)).toBe(0);
  });

  it("reads a long run of addresses without spaces in one go", () => {
    const run = "http://a.b/".repeat(100_000);
    expect(splitWords(`${run} x`)).toEqual(splitWords(run).concat("x"));
    expect(splitWords("ftp://user:word@example.com/a:b")).toEqual(["ftp://user:word@example.com/a:b"]);
  });

  it("words stay whole or come apart as special cases say", () => {
    expect(splitWords("I can't, won’t (e.g.) pay $5.50 to U.S. banks :-)")).toEqual([
      "I",
      "ca",
      "n't",
      ",",
      "wo",
      "n’t",
      "(",
      "e.g.",
      ")",
      "pay",
      "$",
      "5.50",
      "to",
      "U.S.",
      "banks",
      ":-)",
    ]);
  });
});
