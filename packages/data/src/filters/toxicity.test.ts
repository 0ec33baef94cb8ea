// Shares of listed words, by language.
import { describe, expect, it } from "vitest";
import { pipeline } from "../pipeline.ts";
import { filterToxicity, type ToxicityOptions, toxicityLanguages } from "./toxicity.ts";

async function isKept(text: string, language: string | undefined, options?: ToxicityOptions): Promise<boolean> {
  const document = { id: "0", text, ...(language === undefined ? {} : { metadata: { language } }) };
  const run = pipeline([document], [filterToxicity(options)]);
  for await (const _ of run.documents) return true;
  expect(run.report().steps[0]!.dropped).toEqual({ "toxic words": 1 });
  return false;
}

describe("filterToxicity", () => {
  it("drops what has many listed words and keeps what has one in a long text", async () => {
    expect(await isKept("Porn, PORN and more porn.", undefined)).toBe(false);
    expect(await isKept(`One porn site was closed. ${"The court spoke of other things. ".repeat(40)}`, "en")).toBe(
      true,
    );
    expect(await isKept("A class in Scunthorpe, an assassin, a cocktail.", "en")).toBe(true);
    expect(await isKept("Hot carl and hot carl again, a phrase of two words.", "en")).toBe(false);
  });

  it("has lists of other languages, spaced or not", async () => {
    expect(toxicityLanguages.length).toBeGreaterThanOrEqual(25);
    expect(await isKept("Arschloch! Du Arschloch!", "de")).toBe(false);
    expect(await isKept("Arschloch! Du Arschloch!", "en")).toBe(true);
    expect(await isKept("妓女和妓女的故事", "zh")).toBe(false);
    expect(await isKept("今天天气很好，我们去公园散步。", "zh")).toBe(true);
    expect(await isKept("porn porn porn", "sw")).toBe(true);
  });

  it("takes further words and other limits", async () => {
    const words = { sw: ["baya sana"], en: ["blimey"] };
    expect(await isKept("baya sana, baya sana", "sw", { words })).toBe(false);
    expect(await isKept("Blimey!", "en", { words, minCount: 1 })).toBe(false);
    expect(await isKept("porn porn one two", "en", { maxShare: 0.6 })).toBe(true);
    expect(() => filterToxicity({ maxShare: 3 })).toThrow("filterToxicity: expected maxShare from 0 to 1, got 3");
  });
});
