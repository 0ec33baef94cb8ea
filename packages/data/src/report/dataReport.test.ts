import { expect, test } from "vitest";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import { deduplicate } from "../deduplicate.ts";
import type { Document } from "../document.ts";
import { filterLength } from "../filterLength.ts";
import { measureGroups } from "../groups/groupReport.ts";
import { pipeline } from "../pipeline.ts";
import { readDocuments } from "../readDocuments.ts";
import { dataReport } from "./dataReport.ts";
import { dropGroups } from "./droppedExamples.ts";
import { histogram, LengthHistogram } from "./histogram.ts";
import { Sample } from "./sampleDocuments.ts";

const attack = `<script>alert("x")</script>'&`;

/** English and German documents, some short, some twice, with markup in ids, texts and languages. */
function corpus(): Document[] {
  const english =
    "The president sent a long letter to the men and women of the nation, and she thanked them for their work.";
  const german =
    "Der Präsident schrieb einen langen Brief an die Bürgerinnen und Bürger und dankte ihnen für ihre Arbeit.";
  return Array.from({ length: 60 }, (_, i) => ({
    id: `${attack}${i}`,
    text: i % 10 === 0 ? `short ${attack}` : `${i % 3 === 0 ? german : english} ${i % 7 === 0 ? "" : i} ${attack}`,
    ...(i === 1 ? { metadata: { language: attack, qualityScore: 0.25 } } : {}),
  }));
}

test("tells lengths, languages, quality, drops with examples, duplicates and groups, all text escaped", async () => {
  const folder = new TemporaryFolder();
  const droppedFile = folder.join("dropped.jsonl");
  const clean = pipeline(corpus(), [filterLength({ minCharacters: 40 }), deduplicate()], { droppedFile });
  const kept = await collect(clean.documents);
  const groups = await measureGroups(kept);
  const html = await dataReport(kept, {
    title: attack,
    pipelines: [clean.report()],
    dropped: readDocuments(droppedFile),
    groups,
  });
  const { steps } = clean.report();
  expect(steps[0]!.dropped).toEqual({ "too short": 6 });
  expect(steps[1]!.dropped.duplicate).toBeGreaterThan(2);
  expect(html).not.toContain("<script");
  expect(html).toContain("<title>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;</title>");
  for (const part of ["Steps", "Dropped", "Duplicates", "Lengths", "Languages", "Quality", "Groups of people"]) {
    expect(html).toContain(`<h2>${part}</h2>`);
  }
  expect(html).toContain(`60 documents came in, ${kept.length} came out with`);
  expect(html).toMatch(/<summary><b>filterLength: too short<\/b><span>6<\/span><\/summary><figure>/);
  expect(html).toContain("German");
  expect(html).toContain("Quality score");
  expect(html).toContain("female");
  expect(html).not.toMatch(/(src|href)=/);
  expect(html).not.toMatch(/NaN|Infinity|undefined/);
});

test("one document and nothing else make a page; none do not", async () => {
  const html = await dataReport([{ id: "a", text: "" }]);
  expect(html).not.toMatch(/NaN|Infinity|undefined/);
  expect(html).not.toContain("<h2>Steps</h2>");
  await expect(dataReport([])).rejects.toThrow("expected at least one document");
  await expect(dataReport([], { sampleSize: 0 })).rejects.toThrow("sampleSize: expected a whole number from 1, got 0");
});

test("examples of drops are few and short, without half a character", async () => {
  const long = `${"x".repeat(599)}😀${"y".repeat(100)}`;
  const dropped = Array.from({ length: 50 }, (_, i) => ({
    id: String(i),
    text: long,
    metadata: { step: "s", reason: i < 40 ? "a" : "b" },
  }));
  const groups = await dropGroups(dropped);
  expect(groups.map(({ reason, count, examples }) => [reason, count, examples.length])).toEqual([
    ["a", 40, 3],
    ["b", 10, 3],
  ]);
  expect(groups[0]!.examples[0]!.text).toBe(`${"x".repeat(599)} …`);
});

test("a sample is even over the stream and the same each time", () => {
  const draw = () => {
    const sample = new Sample<number>(400);
    for (let i = 0; i < 10_000; i++) sample.offer(i);
    return sample.items;
  };
  expect(draw()).toEqual(draw());
  expect(new Set(draw()).size).toBe(400);
  const halves = draw().filter((item) => item < 5000).length;
  expect(halves).toBeGreaterThan(160);
  expect(halves).toBeLessThan(240);
});

test("histograms count every value once", () => {
  expect(histogram([0, 1, 2, 3, 4], 2)).toEqual([
    { from: 0, to: 2, count: 2 },
    { from: 2, to: 4, count: 3 },
  ]);
  expect(histogram([5, 5], 4)).toEqual([{ from: 5, to: 5, count: 2 }]);
  expect(histogram([], 4)).toEqual([]);
  const lengths = new LengthHistogram();
  for (const length of [0, 1, 2, 3, 5, 100, 100]) lengths.add(length);
  const bins = lengths.histogram();
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(7);
  for (const length of [0, 1, 2, 3, 5, 100]) {
    expect(bins.some(({ from, to, count }) => count > 0 && from <= length && length < to)).toBe(true);
  }
});

test("tells what could not be read, with the messages of the first faults", async () => {
  const folder = new TemporaryFolder();
  const file = folder.write("a.jsonl", '{"text":"She reads."}\n{bad <b>\n{"text":"He reads."}\n');
  const clean = pipeline(readDocuments(file, { badInput: "skip" }), []);
  const kept = await collect(clean.documents);
  const html = await dataReport(kept, { pipelines: [clean.report()] });
  expect(html).toContain("<h2>Reading</h2><p>2 documents in 1 file, 52 B.</p>");
  expect(html).toMatch(/skipped: invalid JSON<\/th><td class="number">1</);
  expect(html).toMatch(/<blockquote>[^<]*a\.jsonl:2: invalid JSON: [^<]*&lt;b&gt;/);
});
