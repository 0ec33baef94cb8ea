// Repeated lines against datatrove's sentence dedup (tools/fixtures/data_clean_spans.py); windows of words on planted repeats; the same
// result from shards in any order.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";
import type { Document } from "../document.ts";
import { pipeline } from "../pipeline.ts";
import { findRepeatedSpans, type RepeatedSpanOptions, RepeatedSpans, removeRepeatedSpans } from "./repeatedSpans.ts";

const fixture = JSON.parse(readFileSync(new URL("__fixtures__/datatroveSpans.json", import.meta.url), "utf8")) as {
  texts: string[];
  kept: Record<"1" | "3", (string | null)[]>;
};
const documents = fixture.texts.map((text, i) => ({ id: String(i), text }));

async function removeFrom(all: readonly Document[], found: RepeatedSpans): Promise<(string | undefined)[]> {
  const kept = new Map<string, string>();
  for await (const { id, text } of pipeline(all, [removeRepeatedSpans(found)]).documents) kept.set(id, text);
  return all.map(({ id }) => kept.get(id));
}

async function clean(all: readonly Document[], options: RepeatedSpanOptions): Promise<(string | undefined)[]> {
  return removeFrom(all, await findRepeatedSpans(all, options));
}

/** Words that no two calls share. */
function freshWords(count: number): string {
  return Array.from({ length: count }, () => `w${freshWords.next++}`).join(" ");
}
freshWords.next = 0;

describe("repeated spans", () => {
  it.each([1, 3] as const)("of %i lines are removed as by datatrove", async (count) => {
    const ours = await clean(documents, { unit: "line", count, minCharacters: 0 });
    const theirs = fixture.kept[count].map((text) => text?.trim() || undefined);
    expect(theirs.filter((text, i) => text !== fixture.texts[i]).length).toBeGreaterThan(100);
    expect(ours).toEqual(theirs);
  });

  it("of 50 words are removed from all documents but the first, wherever they stand", async () => {
    const shared = freshWords(70);
    const [a, b, c] = [freshWords(30), freshWords(40), freshWords(40)];
    const texts = [
      `${a} ${shared}`,
      `${b}\n${shared}\n${c}`,
      shared,
      `${freshWords(30)} ${shared.split(" ").slice(0, 49).join(" ")}`,
    ];
    const all = texts.map((text, i) => ({ id: `d${i}`, text }));
    expect(await clean(all, { unit: "word" })).toEqual([texts[0], `${b}\n${c}`, undefined, texts[3]]);
  });

  it("of paragraphs and sentences leave the others", async () => {
    const all = [
      { id: "a", text: "Only here, once and no more.\n\nThe same paragraph,\nin two lines." },
      { id: "b", text: "The SAME paragraph,\nin two lines!\n\nSomething else entirely, and long enough." },
    ];
    expect(await clean(all, { unit: "paragraph" })).toEqual([
      all[0]!.text,
      "Something else entirely, and long enough.",
    ]);
    const one = "This is the first sentence. Here is the second one. And the third follows.";
    const texts = [`Before it all. ${one}`, `${one} Then comes another.`];
    const sentences = texts.map((text, i) => ({ id: String(i), text }));
    expect(await clean(sentences, { unit: "sentence" })).toEqual([texts[0], "Then comes another."]);
  });

  it("take ideographs for words", async () => {
    const shared = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水玉出昆冈";
    const all = [
      { id: "a", text: `甲${shared}` },
      { id: "b", text: `乙丙${shared}丁` },
    ];
    expect(await clean(all, { unit: "word", count: 40 })).toEqual([all[0]!.text, "乙丙丁"]);
  });

  it("are the same from shards, in whatever order these are merged", async () => {
    const options = { unit: "line", count: 1 } as const;
    const whole = await clean(documents, options);
    const shards = [0, 1, 2].map((shard) => documents.slice(shard * 50, shard * 50 + 50));
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ]) {
      const merged = new RepeatedSpans(options);
      for (const shard of order)
        merged.merge(await findRepeatedSpans(shards[shard]!, { ...options, firstPlace: shard * 1000 }));
      const cleaned = await Promise.all(shards.map((shard) => removeFrom(shard, merged)));
      expect(cleaned.flat()).toEqual(whole);
    }
  });

  it("are the same found part by part, without those met once, saved and loaded", async () => {
    const options = { unit: "line", count: 1 } as const;
    const whole = await findRepeatedSpans(documents, options);
    const folder = new TemporaryFolder();
    const merged = new RepeatedSpans(options);
    for (let index = 0; index < 3; index++) {
      const found = await findRepeatedSpans(documents, { ...options, part: { index, count: 3 } });
      expect(found.size).toBeLessThan(whole.size / 2);
      found.dropUnique();
      await found.save(folder.join(`part${index}`));
      merged.merge(await RepeatedSpans.load(folder.join(`part${index}`)));
    }
    expect(merged.size).toBeLessThan(whole.size / 2);
    expect(await removeFrom(documents, merged)).toEqual(await removeFrom(documents, whole));
    expect(folder.files()).toEqual(["part0", "part1", "part2"]);
  });

  it("are not read from other files", async () => {
    const folder = new TemporaryFolder();
    const message = "not a whole file of repeated spans";
    await expect(RepeatedSpans.load(folder.write("other", "something else"))).rejects.toThrow(message);
    await (await findRepeatedSpans(documents, { unit: "line" })).save(folder.join("whole"));
    const bytes = readFileSync(folder.join("whole"));
    await expect(RepeatedSpans.load(folder.write("cut", bytes.subarray(0, -1)))).rejects.toThrow(`cut: ${message}`);
    await expect(RepeatedSpans.load(folder.join("none"))).rejects.toThrow("none: could not be read");
  });

  it("grow with the stretches and refuse what cannot be", async () => {
    const found = await findRepeatedSpans([{ id: "a", text: freshWords(5000) }], { unit: "word" });
    expect(found.size).toBe(4951);
    expect(() => found.merge(new RepeatedSpans({ unit: "line" }))).toThrow(
      "RepeatedSpans.merge: expected stretches of 50 words of 20 characters, got 1 lines of 20 characters",
    );
    const beyond = { unit: "word", part: { index: 2, count: 2 } } as const;
    await expect(findRepeatedSpans([], beyond)).rejects.toThrow("expected part.index from 0 to below 2, got 2");
    await expect(findRepeatedSpans([], { unit: "word", count: 0 })).rejects.toThrow(
      "expected count to be a positive integer, got 0",
    );
  });
});
