// The character model of English on passages it was trained on and on others, against texts without sense of several kinds; models
// trained and saved.
import { describe, expect, it } from "vitest";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";
import { unionAddresses } from "../../test/writeEnglishModel.ts";
import { pipeline } from "../pipeline.ts";
import { CharacterModel, trainCharacterModel } from "./characterModel.ts";
import { englishCharacterModel, filterGibberish } from "./filterGibberish.ts";

/** Numbers from 0 to below 1, the same each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function passages(texts: readonly string[], every: number): string[] {
  const text = texts.join("\n");
  return Array.from({ length: Math.floor(text.length / every) }, (_, i) => text.slice(i * every, i * every + 200));
}

describe("filterGibberish", () => {
  const addresses = unionAddresses();
  const draw = random(5);
  const letters = (alphabet: string, count: number) =>
    Array.from({ length: count }, () => alphabet[Math.floor(draw() * alphabet.length)]).join("");
  const senseless = {
    keys: () => Array.from({ length: 25 }, () => letters("asdfjklqweruio", 6)).join(" "),
    random: () => letters("abcdefghijklmnopqrstuvwxyz     ", 200),
    encoded: () => Buffer.from(letters("abcdefghijklmnopqrstuvwxyz", 150)).toString("base64"),
    shuffled: () => {
      const words = passages(addresses, 20_000)[Math.floor(draw() * 100)]!.split(" ");
      return words.map((word) => [...word].sort(() => draw() - 0.5).join("")).join(" ");
    },
  };

  it("keeps English that the model has not seen and drops what has no sense", async () => {
    const model = await trainCharacterModel(addresses.filter((_, i) => i % 4 === 1));
    const english = passages(
      addresses.filter((_, i) => i % 4 === 0),
      4000,
    );
    const bad = Object.values(senseless).flatMap((make) => Array.from({ length: 100 }, make));
    const documents = [...english, ...bad].map((text, i) => ({ id: i < english.length ? "good" : "bad", text }));
    const kept = { good: 0, bad: 0 };
    for await (const { id } of pipeline(documents, [filterGibberish({ models: { en: model } })]).documents) {
      kept[id as keyof typeof kept] += 1;
    }
    expect(english.length).toBeGreaterThan(500);
    expect(kept).toEqual({ good: english.length, bad: 0 });
  });

  it("has a model of English at hand, and leaves other languages and short texts alone", async () => {
    const documents = [
      { id: "prose", text: "A model that has read speeches only finds this sentence likely enough as well." },
      { id: "keys", text: "asdkjh qwlekj zxcmnb fghjkl rtyuio vbnmqw" },
      { id: "polish", text: "Wszyscy ludzie rodzą się wolni i równi", metadata: { language: "pl" } },
      { id: "russian", text: "Все люди рождаются свободными и равными" },
      { id: "short", text: "xkcd zzq" },
    ];
    const run = pipeline(documents, [filterGibberish()]);
    const kept = [];
    for await (const { id } of run.documents) kept.push(id);
    expect(kept).toEqual(["prose", "polish", "russian", "short"]);
    expect(run.report().steps[0]!.dropped).toEqual({ gibberish: 1 });
    expect(() => filterGibberish({ maxPerplexity: 1 })).toThrow("expected maxPerplexity above 1, got 1");
  });

  it("the model at hand is the one trained on the addresses", async () => {
    expect(JSON.stringify(englishCharacterModel())).toBe(JSON.stringify(await trainCharacterModel(addresses)));
  });
});

describe("CharacterModel", () => {
  it("saves what it reads back", async () => {
    const folder = new TemporaryFolder();
    const model = await trainCharacterModel(["Ein kleiner Satz über Äpfel.", "Noch ein Satz, größer als der erste."]);
    await model.save(folder.join("de.json"));
    const loaded = await CharacterModel.load(folder.join("de.json"));
    expect(loaded.measure("größere Äpfel")).toEqual(model.measure("größere Äpfel"));
    expect(folder.files()).toEqual(["de.json"]);
  });

  it("gives each context probabilities that sum to one", async () => {
    const model = await trainCharacterModel(["abba abab"]);
    const costs = Buffer.from(String(model.toJSON().costs), "base64");
    for (let start = 0; start < costs.length; start += 4) {
      const sum = [...costs.subarray(start, start + 4)].reduce((total, cost) => total + Math.exp(-cost / 16), 0);
      expect(sum).toBeGreaterThan(0.95);
      expect(sum).toBeLessThan(1.05);
    }
  });

  it("refuses what is no model and what cannot be learned", async () => {
    const folder = new TemporaryFolder();
    await expect(CharacterModel.load(folder.write("a.json", "{}"))).rejects.toThrow("a.json: not a character model");
    await expect(CharacterModel.load(folder.write("b.json", "{"))).rejects.toThrow("b.json: not a character model");
    await expect(CharacterModel.load(folder.join("c.json"))).rejects.toThrow("c.json: could not be read");
    await expect(trainCharacterModel(["123 !?"])).rejects.toThrow("expected texts with letters, got none");
    const many = Array.from({ length: 200 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("");
    await expect(trainCharacterModel([many])).rejects.toThrow("at most 96 common letters, got 200");
  });
});
