// Every decision and edited text of the filters against datatrove's, on the documents of tools/fixtures/data_filters.py.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Document, Step } from "../document.ts";
import { filterBadWords, filterC4, filterC4Paragraphs } from "./c4.ts";
import { countSentences, splitWords } from "./englishTokenizer.ts";
import { filterFineWebQuality } from "./fineWebQuality.ts";
import { filterGopherQuality } from "./gopherQuality.ts";
import { filterGopherRepetition } from "./gopherRepetition.ts";
import { personalDataMask } from "./personalData.ts";

interface Entry {
  readonly text: string;
  readonly kind: string;
  readonly words: string;
  readonly sentences: number;
  readonly c4Text?: string;
  readonly masked?: string;
  readonly [filter: string]: string | number | undefined;
}

const entries = gunzipSync(readFileSync(new URL("__fixtures__/datatrove.jsonl.gz", import.meta.url)))
  .toString("utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Entry);

const steps: Record<string, Step> = {
  gopherQuality: filterGopherQuality(),
  gopherRepetition: filterGopherRepetition(),
  c4: filterC4(),
  c4Paragraphs: filterC4Paragraphs(),
  c4BadWords: filterBadWords({ words: ["tariff", "free trade", "a-bomb", "señor", "c++", "war"] }),
  fineWeb: filterFineWebQuality(),
};

function hash(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 12);
}

async function decide(step: Step, texts: readonly string[]): Promise<{ reason: string; text: string }[]> {
  const results = texts.map((text) => ({ reason: "", text }));
  const drop = async ({ id }: Document, reason: string) => {
    results[Number(id)]!.reason = reason;
  };
  const documents = texts.map((text, i) => ({ id: String(i), text }));
  for await (const { id, text } of step.apply(iterate(documents), { drop })) results[Number(id)]!.text = text;
  return results;
}

async function* iterate(documents: readonly Document[]): AsyncGenerator<Document> {
  yield* documents;
}

describe("filters, against datatrove", () => {
  it("holds enough documents, and each reason at least once", () => {
    expect(entries.length).toBeGreaterThan(2000);
    const reasons = new Set(entries.flatMap((entry) => Object.keys(steps).map((name) => entry[name])));
    expect(reasons.size).toBeGreaterThan(30);
  });

  it("splits words as datatrove", () => {
    const differing = entries.filter(({ text, words }) => hash(splitWords(text).join("\n")) !== words);
    expect(differing.map(({ text }) => text)).toEqual([]);
  });

  it("counts sentences as datatrove", () => {
    const differing = entries.filter(({ text, sentences }) => countSentences(text) !== sentences);
    expect(differing.map(({ text }) => text)).toEqual([]);
  });

  it.each(Object.keys(steps))("%s decides as datatrove", async (name) => {
    const results = await decide(
      steps[name]!,
      entries.map(({ text }) => text),
    );
    const differing = results.flatMap(({ reason }, i) =>
      reason === entries[i]![name] ? [] : [{ ours: reason, theirs: entries[i]![name], text: entries[i]!.text }],
    );
    expect(differing).toEqual([]);
  });

  it("leaves the texts that datatrove's C4 filter leaves", async () => {
    const kept = entries.filter(({ c4Text }) => c4Text !== undefined);
    const results = await decide(
      filterC4(),
      kept.map(({ text }) => text),
    );
    expect(kept.length).toBeGreaterThan(100);
    expect(results.map(({ text }) => hash(text))).toEqual(kept.map(({ c4Text }) => c4Text));
  });

  it("masks e-mail and IP addresses as datatrove, with the same turns", () => {
    const mask = personalDataMask();
    const differing = entries.filter(({ text, masked }) => {
      const after = mask(text);
      return (after === text ? undefined : hash(after)) !== masked;
    });
    expect(entries.filter(({ masked }) => masked).length).toBeGreaterThan(50);
    expect(differing.map(({ text }) => text)).toEqual([]);
  });
});
