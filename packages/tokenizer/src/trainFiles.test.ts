import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "./errors.ts";
import { planRanges } from "./fileRanges.ts";
import { randomText, readFixture, seededRandom, wellFormed } from "./testing/fixtures.ts";
import { toTokenizerJson } from "./tokenizerJson.ts";
import { type BpeTrainingProgress, trainByteLevelBpe } from "./trainBpe.ts";
import { trainUnigram } from "./trainUnigram.ts";
import { trainWordPiece } from "./trainWordPiece.ts";

const corpus = readFixture<string[]>("corpus.json").map(wellFormed);
let folder: string;
let files: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
  files = await Promise.all(
    ["first", "second", "empty"].map(async (name, index) => {
      const path = join(folder, name);
      const texts = index === 2 ? [] : corpus.filter((_, place) => place % 2 === index);
      // Lines of Windows, and no line end at the end.
      await writeFile(path, texts.join(index === 0 ? "\r\n" : "\n"));
      return path;
    }),
  );
});

afterAll(() => rm(folder, { recursive: true }));

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

describe("training on files", () => {
  const lines = [0, 1].flatMap((parity) =>
    linesOf(corpus.filter((_, place) => place % 2 === parity).join(parity === 0 ? "\r\n" : "\n")),
  );

  it("equals training on their lines, with any number of threads", async () => {
    const options = { vocabularySize: 600 };
    const expected = toTokenizerJson(await trainByteLevelBpe(lines, options));
    for (const workers of [1, 3]) {
      expect(toTokenizerJson(await trainByteLevelBpe({ files, workers }, options))).toEqual(expected);
    }
  });

  it("works for every kind of model", async () => {
    const wordPiece = { vocabularySize: 600 };
    expect(toTokenizerJson(await trainWordPiece({ files, workers: 2 }, wordPiece))).toEqual(
      toTokenizerJson(await trainWordPiece(lines, wordPiece)),
    );
    const [ours, theirs] = await Promise.all([
      trainUnigram({ files, workers: 2 }, { vocabularySize: 500 }),
      trainUnigram(lines, { vocabularySize: 500 }),
    ]);
    expect(toTokenizerJson(ours)).toEqual(toTokenizerJson(theirs));
  });

  it("counts lines and characters, and says how much memory the counts take", async () => {
    const seen: BpeTrainingProgress[] = [];
    await trainByteLevelBpe({ files }, { vocabularySize: 300, onProgress: (progress) => seen.push(progress) });
    const counted = seen.filter((progress) => progress.phase === "counting").at(-1)!;
    const characters = lines.reduce((sum, line) => sum + line.length, 0);
    expect(counted).toMatchObject({ texts: lines.length, characters });
    expect(counted.memoryBytes).toBeGreaterThan(counted.distinctWords * 10);
  });

  it("covers each byte once, cut at line ends only", async () => {
    const random = seededRandom(9);
    const path = join(folder, "ranges");
    for (let round = 0; round < 30; round++) {
      const text = Array.from({ length: 20 }, () => wellFormed(randomText(random, 3))).join("\n");
      await writeFile(path, text);
      const bytes = Buffer.from(text);
      const ranges = await planRanges([path, path], 1 + Math.floor(random() * 40));
      const half = ranges.slice(0, ranges.length / 2);
      expect(Buffer.concat(half.map(({ start, end }) => bytes.subarray(start, end)))).toEqual(bytes);
      for (const { start } of half.slice(1)) expect(bytes[start - 1]).toBe(0x0a);
    }
  });

  it("takes lines longer than a block", async () => {
    const path = join(folder, "long");
    await writeFile(path, `${"word ".repeat(2_000_000)}\nshort\n`);
    const tokenizer = await trainByteLevelBpe({ files: [path], workers: 2 }, { vocabularySize: 270 });
    expect(tokenizer.encode(" word word")).toHaveLength(2);
  });

  it("refuses what is no text, and says where it is", async () => {
    const path = join(folder, "binary");
    await writeFile(path, Buffer.concat([Buffer.from("good line\n"), Buffer.from([0x66, 0xff, 0xfe, 0x0a])]));
    const training = trainByteLevelBpe({ files: [path] }, { vocabularySize: 300 });
    await expect(training).rejects.toThrow(FormatError);
    await expect(training).rejects.toThrow(`${path}: the line at byte 10 is not UTF-8`);
    const missing = trainByteLevelBpe({ files: [join(folder, "missing")] }, { vocabularySize: 300 });
    await expect(missing).rejects.toThrow("ENOENT");
    await expect(trainByteLevelBpe({ files: [files[2]!] }, { vocabularySize: 300 })).rejects.toThrow("got 0 texts");
    await expect(trainByteLevelBpe({ files: [] }, { vocabularySize: 300 })).rejects.toThrow("got 0 texts");
    await expect(trainByteLevelBpe({ files, workers: 0 }, { vocabularySize: 300 })).rejects.toThrow("workers must be");
  });

  it("can be stopped", async () => {
    const controller = new AbortController();
    const training = trainByteLevelBpe({ files }, { vocabularySize: 300, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(training).rejects.toThrow("enough");
  });
});
