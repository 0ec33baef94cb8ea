import { readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { collect, TemporaryFolder } from "../test/temporaryFolder.ts";
import type { Document } from "./document.ts";
import { readDocuments } from "./readDocuments.ts";
import { readShardIndex } from "./shardIndex.ts";
import { openTokenShards } from "./tokenDataset.ts";
import type { TokenEncoder } from "./tokenEncoder.ts";
import { type WriteShardsOptions, writeTokenShards } from "./writeTokenShards.ts";

/** One token per UTF-8 byte, above an offset that forces wide ids. */
function byteEncoder(vocabularySize = 257, offset = 0): TokenEncoder {
  return { vocabularySize, encode: (text) => Uint32Array.from(Buffer.from(text), (byte) => byte + offset) };
}

function documentsOf(...texts: string[]): Document[] {
  return texts.map((text, i) => ({ id: `d${i}`, text }));
}

const manyDocuments = documentsOf(
  ...Array.from({ length: 400 }, (_, i) => `Document number ${i}: ${"é".repeat(i % 50)}`),
);

async function write(folder: string, documents: Iterable<Document>, options: Partial<WriteShardsOptions> = {}) {
  return writeTokenShards(documents, { folder, encoder: byteEncoder(), ...options });
}

async function readAll(folder: string, split: "train" | "validation" = "train"): Promise<number[]> {
  await using dataset = await openTokenShards(folder, { split, verify: true });
  return [...(await dataset.read(0, dataset.tokenCount))];
}

describe("writing and reading", () => {
  it("stores little-endian uint16 with an index that counts everything", async () => {
    const folder = new TemporaryFolder();
    const options = { endOfTextId: 256, tokenizerHash: "abc", source: "two documents" };
    const index = await write(folder.path, documentsOf("hé", "b"), options);
    expect([...readFileSync(folder.join("train-00000.bin"))]).toEqual([104, 0, 195, 0, 169, 0, 0, 1, 98, 0, 0, 1]);
    expect(index).toMatchObject({
      format: "llm-token-shards",
      version: 1,
      dtype: "uint16",
      vocabularySize: 257,
      endOfTextId: 256,
      tokenizerHash: "abc",
      source: "two documents",
      splits: {
        train: { documents: 2, tokens: 6, textBytes: 4, shards: [{ file: "train-00000.bin", tokens: 6 }] },
        validation: { documents: 0, tokens: 0, textBytes: 0, shards: [] },
      },
    });
    expect(await readShardIndex(folder.path)).toEqual(index);
    expect(folder.files()).toEqual(["index.json", "train-00000.bin"]);
  });

  it("stores uint32 where the vocabulary needs it", async () => {
    const folder = new TemporaryFolder();
    const encoder = byteEncoder(100_300, 100_000);
    expect((await write(folder.path, documentsOf("ab"), { encoder })).dtype).toBe("uint32");
    expect([...readFileSync(folder.join("train-00000.bin"))]).toEqual([0x01, 0x87, 1, 0, 0x02, 0x87, 1, 0]);
    expect(await readAll(folder.path)).toEqual([100_097, 100_098]);
    expect((await write(folder.path, documentsOf("ab"), { encoder: byteEncoder(65_536) })).dtype).toBe("uint16");
  });

  it("cuts shards at the given size and reads across them", async () => {
    const folder = new TemporaryFolder();
    const text = "abcdefghijklmnopqrstuvwxyz";
    await write(folder.path, documentsOf(text, text.toUpperCase()), { tokensPerShard: 10 });
    expect(folder.files()).toHaveLength(1 + 6);
    const expected = [...Buffer.from(text + text.toUpperCase())];
    await using dataset = await openTokenShards(folder.path);
    for (let offset = 0; offset <= 52; offset += 3) {
      for (let length = 0; offset + length <= 52; length += 7) {
        expect([...(await dataset.read(offset, length))]).toEqual(expected.slice(offset, offset + length));
      }
    }
  });

  it("keeps tokens across many buffers whole", async () => {
    const folder = new TemporaryFolder();
    const text = Array.from({ length: 300_000 }, (_, i) => String(i)).join(" ");
    await write(folder.path, documentsOf(text, text), { tokensPerShard: 700_001 });
    const tokens = await readAll(folder.path);
    expect(Buffer.from(tokens).toString()).toBe(text + text);
  });

  it("splits by each text's own hash, whatever the order or company", async () => {
    const folder = new TemporaryFolder();
    const split = { validation: 0.2 };
    const index = await write(folder.join("a"), manyDocuments, { split, endOfTextId: 256 });
    const { train, validation } = index.splits;
    expect(train.documents + validation.documents).toBe(400);
    // 400 draws at 0.2: 80 expected, standard deviation 8.
    expect(Math.abs(validation.documents - 80)).toBeLessThan(32);
    expect(train.textBytes + validation.textBytes).toBe(
      manyDocuments.reduce((n, d) => n + Buffer.byteLength(d.text), 0),
    );
    expect(train.tokens).toBe(train.textBytes + train.documents);
    const half = manyDocuments.filter((_, i) => i % 2 === 0).toReversed();
    await write(folder.join("b"), half, { split, endOfTextId: 256 });
    const texts = async (name: string) =>
      Buffer.from((await readAll(folder.join(name), "validation")).map((id) => (id === 256 ? 10 : id)))
        .toString()
        .split("\n");
    const whole = new Set(await texts("a"));
    for (const text of await texts("b")) expect(whole.has(text)).toBe(true);
  });

  it("writes equal files for equal input", async () => {
    const folder = new TemporaryFolder();
    const options = { split: { validation: 0.1 }, tokensPerShard: 1000 };
    expect(await write(folder.join("a"), manyDocuments, options)).toEqual(
      await write(folder.join("b"), manyDocuments, options),
    );
  });

  it("replaces former shards, also those it has no more", async () => {
    const folder = new TemporaryFolder();
    await write(folder.path, manyDocuments, { tokensPerShard: 1000, split: { validation: 0.1 } });
    expect(folder.files().length).toBeGreaterThan(10);
    await write(folder.path, documentsOf("new"));
    expect(folder.files()).toEqual(["index.json", "train-00000.bin"]);
    expect(Buffer.from(await readAll(folder.path)).toString()).toBe("new");
  });

  it("clears away what a killed writing left, and no file of others", async () => {
    const folder = new TemporaryFolder();
    folder.write("train-00000.bin.partial", "cut");
    folder.write("train-00007.bin.partial", "cut");
    folder.write("notes.bin", "mine");
    await write(folder.path, documentsOf("new"));
    expect(folder.files()).toEqual(["index.json", "notes.bin", "train-00000.bin"]);
    expect(Buffer.from(await readAll(folder.path)).toString()).toBe("new");
  });

  it("reports progress", async () => {
    const folder = new TemporaryFolder();
    const seen: unknown[] = [];
    await write(folder.path, documentsOf("é", "b"), {
      endOfTextId: 256,
      onProgress: (progress) => seen.push(progress),
    });
    expect(seen).toEqual([
      { documents: 1, tokens: 3, textBytes: 2 },
      { documents: 2, tokens: 5, textBytes: 3 },
    ]);
  });

  it("gives batches whose position survives closing and opening", async () => {
    const folder = new TemporaryFolder();
    await write(folder.path, manyDocuments, { tokensPerShard: 1000 });
    const options = { batchSize: 4, sequenceLength: 32, seed: 3 };
    const first = await openTokenShards(folder.path);
    const stream = first.batches(options);
    expect(stream.vocabularySize).toBe(first.vocabularySize);
    await stream.next();
    const saved = JSON.stringify(stream.position());
    const expected = [await stream.next(), await stream.next()];
    await first.close();
    await using second = await openTokenShards(folder.path);
    const resumed = second.batches(options);
    resumed.seek(JSON.parse(saved));
    expect([await resumed.next(), await resumed.next()]).toEqual(expected);
  });
});

describe("what stops the writing", () => {
  it("refuses a corpus without text", async () => {
    const folder = new TemporaryFolder();
    const empty = /writeTokenShards: the corpus is empty: no document with text came \(check the input path/;
    await expect(write(folder.path, [])).rejects.toThrow(empty);
    await expect(write(folder.path, documentsOf("", ""), { endOfTextId: 256 })).rejects.toThrow(empty);
    const source = readDocuments(folder.write("empty.txt", ""));
    await expect(writeTokenShards(source, { folder: folder.join("shards"), encoder: byteEncoder() })).rejects.toThrow(
      empty,
    );
    expect(folder.files()).toEqual(["empty.txt"]);
  });

  it("refuses ids outside the vocabulary", async () => {
    const folder = new TemporaryFolder();
    await expect(write(folder.path, documentsOf("ok", "é"), { encoder: byteEncoder(128) })).rejects.toThrow(
      /document d1: expected token ids from 0 to 127, got 195 at 0 \(encoder\.vocabularySize must count/,
    );
    expect(folder.files()).toEqual([]);
  });

  it("refuses impossible options", async () => {
    const folder = new TemporaryFolder();
    const bad = (options: Partial<WriteShardsOptions>) => expect(write(folder.path, documentsOf("x"), options)).rejects;
    await bad({ endOfTextId: 257 }).toThrow("endOfTextId: expected a token id below 257, got 257");
    await bad({ tokensPerShard: 0 }).toThrow("tokensPerShard: expected a whole number above 0, got 0");
    await bad({ split: { validation: 1 } }).toThrow("split.validation: expected a fraction from 0 to below 1, got 1");
    await bad({ encoder: byteEncoder(0) }).toThrow("encoder.vocabularySize: expected a whole number from 1 to 2^32");
  });

  it.skipIf(process.platform !== "linux")("leaves the former shards valid when the disk is full", async () => {
    const folder = new TemporaryFolder();
    await write(folder.path, documentsOf("former"));
    symlinkSync("/dev/full", folder.join("train-00000.bin.partial"));
    await expect(write(folder.path, documentsOf("new"))).rejects.toThrow(
      /train-00000\.bin: could not be written: ENOSPC.*free space or choose another folder/,
    );
    expect(folder.files()).toEqual(["index.json", "train-00000.bin"]);
    expect(Buffer.from(await readAll(folder.path)).toString()).toBe("former");
  });

  it("stops on a signal, leaving nothing behind", async () => {
    const folder = new TemporaryFolder();
    const controller = new AbortController();
    const onProgress: WriteShardsOptions["onProgress"] = ({ documents }) => {
      if (documents === 100) controller.abort(new Error("stop here"));
    };
    const options = { tokensPerShard: 1000, signal: controller.signal, onProgress };
    await expect(write(folder.path, manyDocuments, options)).rejects.toThrow("stop here");
    expect(folder.files()).toEqual([]);
  });

  it("passes on the error of its documents", async () => {
    const folder = new TemporaryFolder();
    const source = readDocuments(folder.write("a.jsonl", '{"text":"x"}\n{'));
    await expect(writeTokenShards(source, { folder: folder.join("s"), encoder: byteEncoder() })).rejects.toThrow(
      "a.jsonl:2: invalid JSON",
    );
  });
});

describe("what stops the reading", () => {
  it("names the folder without an index, and the empty split", async () => {
    const folder = new TemporaryFolder();
    await expect(openTokenShards(folder.path)).rejects.toThrow(/index\.json: not found: .*writeTokenShards/);
    await write(folder.path, documentsOf("x"));
    await expect(openTokenShards(folder.path, { split: "validation" })).rejects.toThrow(
      /the validation split is empty \(write the shards again; set split: { validation: 0\.05 }/,
    );
  });

  it("names a truncated, lengthened, missing or changed shard", async () => {
    const folder = new TemporaryFolder();
    await write(folder.path, documentsOf("some text"));
    const shard = folder.join("train-00000.bin");
    const bytes = readFileSync(shard);
    truncateSync(shard, 17);
    await expect(openTokenShards(folder.path)).rejects.toThrow(
      /train-00000\.bin: truncated shard: the index says 18 bytes, the file has 17/,
    );
    writeFileSync(shard, Buffer.concat([bytes, bytes]));
    await expect(openTokenShards(folder.path)).rejects.toThrow("shard too long: the index says 18 bytes");
    bytes[4]! ^= 1;
    writeFileSync(shard, bytes);
    await (await openTokenShards(folder.path)).close();
    await expect(openTokenShards(folder.path, { verify: true })).rejects.toThrow(
      /train-00000\.bin: changed shard: the index says SHA-256 [0-9a-f]{64}, the file has/,
    );
    folder.write("gone/index.json", readFileSync(folder.join("index.json")));
    await expect(openTokenShards(folder.join("gone"))).rejects.toThrow(/train-00000\.bin: could not be read: ENOENT/);
  });

  it("refuses an index that is cut, foreign, of another version or inconsistent", async () => {
    const folder = new TemporaryFolder();
    const index = await write(folder.path, documentsOf("some text"));
    const path = folder.join("index.json");
    const openWith = (content: string) => {
      writeFileSync(path, content);
      return expect(openTokenShards(folder.path)).rejects;
    };
    await openWith(JSON.stringify(index).slice(0, 50)).toThrow("index.json: invalid shard index: expected JSON");
    await openWith("null").toThrow('expected format "llm-token-shards", got undefined');
    await openWith(JSON.stringify({ ...index, version: 2 })).toThrow(
      "expected version 1, got 2: it was written by another",
    );
    await openWith(JSON.stringify({ ...index, dtype: "float32" })).toThrow(
      'expected "uint16" or "uint32", got "float32"',
    );
    const { train, validation } = index.splits;
    const withTrain = (changed: object) =>
      JSON.stringify({ ...index, splits: { train: { ...train, ...changed }, validation } });
    await openWith(withTrain({ tokens: 5 })).toThrow("splits.train: the shards hold 9 tokens, the split says 5");
    await openWith(withTrain({ shards: [{ ...train.shards[0], file: "../secret" }] })).toThrow(
      'expected a plain file name, got "../secret"',
    );
    await openWith(withTrain({ textBytes: -1 })).toThrow("splits.train: textBytes: expected a count, got -1");
    await openWith(JSON.stringify({ ...index, splits: {} })).toThrow("splits.train: expected an object with shards");
  });

  it("refuses ranges outside the data and reads after closing", async () => {
    const folder = new TemporaryFolder();
    await write(folder.path, documentsOf("text"));
    const dataset = await openTokenShards(folder.path);
    await expect(dataset.read(2, 3)).rejects.toThrow(/expected a range within its 4 tokens, got offset 2 and length 3/);
    await expect(dataset.read(-1, 1)).rejects.toThrow("got offset -1");
    expect(() => dataset.batches({ batchSize: 1, sequenceLength: 4 })).toThrow(
      /\(train\) holds 4 tokens, not even one/,
    );
    await dataset.close();
    await expect(dataset.read(0, 1)).rejects.toThrow("the dataset is closed");
  });

  it("notices a shard that shrinks while it is open", async () => {
    const folder = new TemporaryFolder();
    await write(folder.path, documentsOf("text"));
    await using dataset = await openTokenShards(folder.path);
    truncateSync(folder.join("train-00000.bin"), 4);
    await expect(dataset.read(0, 4)).rejects.toThrow(/train-00000\.bin: truncated shard at byte 4/);
  });
});

it("keeps a document's tokens with the documents of a source read as text", async () => {
  const folder = new TemporaryFolder();
  folder.write("corpus/a.txt", "from a file");
  const source = readDocuments(folder.join("corpus"));
  await writeTokenShards(source, { folder: folder.join("shards"), encoder: byteEncoder() });
  expect(Buffer.from(await readAll(folder.join("shards"))).toString()).toBe("from a file");
  expect(await collect(source)).toHaveLength(1);
});
