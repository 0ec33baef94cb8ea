import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BatchStream } from "../batchStream.ts";
import { FileError, FormatError } from "../errors.ts";
import { exampleBatches } from "./exampleBatches.ts";
import { openJsonlExamples, readJsonlExamples } from "./jsonlExamples.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

async function take<B>(stream: BatchStream<B>, count: number): Promise<B[]> {
  const batches: B[] = [];
  for (let i = 0; i < count; i++) batches.push((await stream.next())!);
  return batches;
}

describe("exampleBatches", () => {
  it("visits every example once an epoch, each epoch in another order", async () => {
    const stream = exampleBatches(numbers(12), { batchSize: 3, seed: 7 });
    expect(stream.batchesPerEpoch).toBe(4);
    const [first, second] = [(await take(stream, 4)).flat(), (await take(stream, 4)).flat()];
    expect(first.toSorted((a, b) => a - b)).toEqual(numbers(12));
    expect(second.toSorted((a, b) => a - b)).toEqual(numbers(12));
    expect(first).not.toEqual(second);
    expect(first).not.toEqual(numbers(12));
  });

  it("leaves the incomplete batch out where it shuffles and keeps it otherwise, unless told", async () => {
    const sizes = async (options: { shuffle?: boolean; keepIncomplete?: boolean }) => {
      const stream = exampleBatches(numbers(7), { batchSize: 3, epochs: 1, ...options });
      const batches: number[] = [];
      for await (const batch of stream) batches.push(batch.length);
      return batches;
    };
    expect(await sizes({})).toEqual([3, 3]);
    expect(await sizes({ keepIncomplete: true })).toEqual([3, 3, 1]);
    expect(await sizes({ shuffle: false })).toEqual([3, 3, 1]);
    expect(await sizes({ shuffle: false, keepIncomplete: false })).toEqual([3, 3]);
  });

  it.each([{}, { groupByLength: (example: number) => (example * 7) % 11 }])(
    "goes on from a saved position as if it had never stopped (%o)",
    async (options) => {
      const newStream = () => exampleBatches(numbers(230), { batchSize: 2, seed: 3, ...options });
      const whole = await take(newStream(), 300);
      const [before, after] = [newStream(), newStream()];
      await take(before, 171);
      after.seek(JSON.parse(JSON.stringify(before.position())));
      expect(await take(after, 129)).toEqual(whole.slice(171));
    },
  );

  it("groups examples of about the same length, each once an epoch", async () => {
    const examples = numbers(403).map((i) => ({ id: i, length: 1 + ((i * 7919) % 100) }));
    const spread = async (groupByLength?: (example: { length: number }) => number) => {
      const options = { batchSize: 4, ...(groupByLength && { groupByLength }) };
      const batches = await take(exampleBatches(examples, options), 100);
      expect(new Set(batches.flat().map(({ id }) => id)).size).toBe(400);
      const padding = batches.map((batch) => {
        const longest = Math.max(...batch.map(({ length }) => length));
        return batch.reduce((sum, { length }) => sum + longest - length, 0);
      });
      const shortFirst = batches.map((batch) => batch[0]!.length);
      expect(shortFirst).not.toEqual(shortFirst.toSorted((a, b) => a - b));
      return padding.reduce((sum, value) => sum + value);
    };
    expect(await spread(({ length }) => length)).toBeLessThan(0.1 * (await spread()));
  });

  it("hands examples that are in memory over to be checked", () => {
    const examples = numbers(4);
    expect(exampleBatches(examples, { batchSize: 2 }).inMemory).toEqual([examples]);
  });

  it("names what cannot be", async () => {
    expect(() => exampleBatches([], { batchSize: 1 })).toThrow(
      "exampleBatches: the array holds 0 examples, not one batch of 1 (add examples, or lower batchSize)",
    );
    expect(() => exampleBatches([1], { batchSize: 0 })).toThrow("batchSize: expected a whole number above 0, got 0");
    expect(() => exampleBatches([1], { batchSize: 1, seed: 0.5 })).toThrow("seed: expected a safe integer, got 0.5");
    const source = { name: "mine", length: 1, read: async () => 1 };
    expect(() => exampleBatches(source, { batchSize: 1, groupByLength: (x) => x })).toThrow(
      "exampleBatches: groupByLength needs examples in memory",
    );
    expect(() => exampleBatches([1, 2], { batchSize: 1 }).seek({ seed: 0, epoch: 0, step: 3 })).toThrow(
      "seek: expected a position with a seed, an epoch and a step of at most 2",
    );
  });
});

describe("JSONL examples", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "llm-examples-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const file = async (text: string): Promise<string> => {
    const path = join(folder, "examples.jsonl");
    await writeFile(path, text);
    return path;
  };
  const textOf = ({ text }: Readonly<Record<string, unknown>>): string => {
    if (typeof text !== "string") throw new TypeError(`text must be a string, got ${typeof text}`);
    return text;
  };

  it("are read where they stand, whatever the line ends, blank lines and characters", async () => {
    const path = await file('{"text":"ä€😀"}\r\n\n  \n{"text":"two"}\n{"text":"three"}');
    await using examples = await openJsonlExamples(path, textOf);
    expect(examples.length).toBe(3);
    expect(await Promise.all([2, 0, 1].map((i) => examples.read(i)))).toEqual(["three", "ä€😀", "two"]);
    const stream = exampleBatches(examples, { batchSize: 1, shuffle: false });
    expect(await take(stream, 3)).toEqual([["ä€😀"], ["two"], ["three"]]);
    expect(stream.inMemory).toBeUndefined();
    expect(await readJsonlExamples(path, textOf)).toEqual(["ä€😀", "two", "three"]);
  });

  it("name the file and line of what is no example", async () => {
    const path = await file('{"text":"one"}\n\n{"text":2}\n{"text":\n[1]\n');
    await using examples = await openJsonlExamples(path, textOf);
    await expect(examples.read(1)).rejects.toThrow(`${path}:3: invalid example: text must be a string, got number`);
    await expect(examples.read(2)).rejects.toThrow(`${path}:4: invalid JSON`);
    await expect(examples.read(3)).rejects.toThrow(`${path}:5: invalid record: expected a JSON object, got an array`);
    await expect(examples.read(4)).rejects.toThrow("expected an index below 4, got 4");
    await expect(readJsonlExamples(path, textOf)).rejects.toBeInstanceOf(FormatError);
  });

  it("name a file that is not there", async () => {
    const error = await openJsonlExamples(join(folder, "none.jsonl"), textOf).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(FileError);
    expect((error as Error).message).toContain("none.jsonl: cannot be read: ENOENT");
  });
});
