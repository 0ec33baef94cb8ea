import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fixture } from "../../test/sourceFixtures.ts";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import type { Document } from "../document.ts";
import type { Input } from "../inputFile.ts";
import { readDocuments } from "../readDocuments.ts";
import type { ByteSource } from "./byteSource.ts";
import { compressionOfName } from "./compression.ts";
import type { SourcePosition } from "./reading.ts";
import type { ReadOptions } from "./readOptions.ts";

/** Stops after `count` documents and saves the position as people do: as JSON. */
async function stopAfter(path: Input | readonly Input[], count: number, options?: ReadOptions) {
  const source = readDocuments(path, options);
  const taken: Document[] = [];
  for await (const document of source) {
    taken.push(document);
    if (taken.length === count) break;
  }
  return { taken, position: JSON.parse(JSON.stringify(source.position())) as SourcePosition };
}

async function rest(path: Input | readonly Input[], position: SourcePosition, options?: ReadOptions) {
  const source = readDocuments(path, options);
  source.seek(position);
  return { documents: await collect(source), report: source.report(), position: source.position() };
}

function samples(folder: TemporaryFolder): Record<string, { path: string; options?: ReadOptions }> {
  const lines = Array.from({ length: 40 }, (_, index) => `{"text":"line ${index} é"}`);
  const jsonl = `\ufeff${lines.slice(0, 20).join("\r\n")}\n{bad\n\n${lines.slice(20).join("\n")}`;
  const text = Array.from({ length: 30 }, (_, index) => `paragraph ${index}\nof two lines`).join("\n\n");
  const skip = { badInput: "skip" } as const;
  return {
    jsonl: { path: folder.write("a.jsonl", jsonl), options: skip },
    "jsonl.gz": { path: folder.write("b.jsonl.gz", gzipSync(jsonl)), options: skip },
    "text pieces": { path: folder.write("c.txt", text), options: { textDocumentBytes: 50 } },
    csv: { path: folder.write("d.csv", `text,n\n${lines.map((_, index) => `"row\n${index}",${index}`).join("\n")}\n`) },
    parquet: { path: fixture("rows.zstd.parquet") },
    "warc.gz": { path: fixture("crawl.warc.gz") },
    wet: { path: folder.write("e.wet", gunzipSync(readFileSync(fixture("crawl.warc.wet.gz")))) },
    wikipedia: { path: fixture("dewiki-20240101-pages-articles-multistream.xml.bz2") },
    pile: { path: fixture("pile.jsonl.zst"), options: { format: "pile", pileSubsets: ["ArXiv"] } },
    pubmed: { path: fixture("pubmed24n0001.xml.gz") },
    "plain pubmed": {
      path: folder.write("pubmed24n0002.xml", gunzipSync(readFileSync(fixture("pubmed24n0001.xml.gz")))),
    },
    arxiv: { path: fixture("arxiv-metadata-oai-snapshot.json.gz") },
    archive: { path: fixture("arXiv_src_2401_001.tar"), options: skip },
    repository: { path: fixture("repository.zip"), options: { format: "repository" } },
    tickets: {
      path: folder.write("t.csv", "text,thread\na,1\nb,2\nc,1\nd,3\n"),
      options: { format: "tickets", tickets: { threadField: "thread" } },
    },
  };
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `{"text":"${index} ${Math.imul(index, 2654435761) >>> 0}"}\n`);

/** A zstd frame (RFC 8878) of one block that is stored as it is. */
function storedZstd(text: string): Buffer {
  const head = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0, 0, 0, 0];
  const frame = Buffer.concat([Buffer.from(head), Buffer.from(text)]);
  frame.writeUInt32LE(text.length, 5);
  frame.writeUIntLE((text.length << 3) | 1, 9, 3);
  return frame;
}

/** Compressed files of several members, frames, streams or blocks. */
const restartable: Record<string, () => { readonly bytes: Buffer; readonly format: "jsonl" | "warc" | "wikipedia" }> = {
  // One member per record, as Common Crawl has it.
  "a.warc.gz": () => {
    const record = (text: string) =>
      `WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}\r\n\r\n`;
    return { bytes: Buffer.concat(numbered(500).map((text) => gzipSync(record(text)))), format: "warc" };
  },
  // Members that end within lines.
  "a.jsonl.gz": () => {
    const text = Buffer.from(numbered(3000).join(""));
    const members = Array.from({ length: 40 }, (_, index) => {
      const at = (share: number) => Math.floor((text.length * share) / 40);
      return gzipSync(text.subarray(at(index), at(index + 1)));
    });
    return { bytes: Buffer.concat(members), format: "jsonl" };
  },
  "a.jsonl.zst": () => {
    const lines = numbered(3000);
    const frames = Array.from({ length: 30 }, (_, index) =>
      storedZstd(lines.slice(index * 100, index * 100 + 100).join("")),
    );
    return { bytes: Buffer.concat(frames), format: "jsonl" };
  },
  // Many blocks in one stream.
  "a.jsonl.bz2": () => ({ bytes: readFileSync(fixture("blocks.jsonl.bz2")), format: "jsonl" }),
};

describe("a position", () => {
  it("gives exactly the rest, in every format, after any number of documents", async () => {
    for (const [name, { path, options }] of Object.entries(samples(new TemporaryFolder()))) {
      const all = await collect(readDocuments(path, options));
      expect(all.length, name).toBeGreaterThan(1);
      for (const count of new Set([1, 2, Math.floor(all.length / 2), all.length - 1, all.length])) {
        const { taken, position } = await stopAfter(path, count, options);
        const { documents, report } = await rest(path, position, options);
        expect([...taken, ...documents], `${name} after ${count}`).toEqual(all);
        expect(report.bytesRead, `${name} after ${count}`).toBe(report.totalBytes);
      }
    }
  });

  it("carries over files, with progress of the files before, and can be taken before the first and after the last", async () => {
    const folder = new TemporaryFolder();
    const paths = ["a", "b", "c"].map((name) =>
      folder.write(`${name}.jsonl`, `{"text":"${name}1"}\n{"text":"${name}2"}\n`),
    );
    const { position } = await stopAfter(paths, 4);
    expect(position).toMatchObject({ files: 1, file: paths[1] });
    const { documents, report, position: end } = await rest(paths, position);
    expect(documents.map(({ text }) => text)).toEqual(["c1", "c2"]);
    expect(report).toMatchObject({ documents: 2, bytesRead: report.totalBytes });
    expect(end).toEqual({ files: 3, documents: 0 });
    expect((await rest(paths, end)).documents).toEqual([]);
    expect((await rest(paths, readDocuments(paths).position())).documents).toHaveLength(6);
  });

  it("of a file that is not compressed, reads only what follows", async () => {
    const folder = new TemporaryFolder();
    const lines = Array.from({ length: 60_000 }, (_, index) => `{"text":"a line to be read, number ${index}"}\n`).join(
      "",
    );
    const path = folder.write("a.jsonl", lines);
    const { position } = await stopAfter(path, 59_000);
    let read = 0;
    const source = readDocuments(path, { onProgress: ({ bytesRead }) => (read = Math.max(read, bytesRead)) });
    source.seek(position);
    expect((await collect(source)).map(({ id }) => id).at(0)).toBe(`${path}:59001`);
    expect(position.checkpoint?.offset).toBeGreaterThan(lines.length * 0.97);
    expect(read).toBe(lines.length);
  });

  it.each(Object.entries(restartable))("of %s, reads from the last place to start from", async (name, make) => {
    const { bytes, format } = make();
    const reads: number[] = [];
    const source: ByteSource = {
      size: bytes.length,
      async *read(start) {
        reads.push(start);
        for (let at = start; at < bytes.length; at += 5000) yield bytes.subarray(at, at + 5000);
      },
    };
    const { compression } = compressionOfName(name);
    const file = { path: name, format, compression, size: bytes.length, open: async () => source };
    const location = { name, files: async () => [file] };
    const all = await collect(readDocuments(location));
    for (const share of [0.3, 0.6, 0.95]) {
      const { taken, position } = await stopAfter(location, Math.floor(all.length * share));
      reads.length = 0;
      const { documents, report } = await rest(location, position);
      expect([...taken, ...documents].map(({ text }) => text)).toEqual(all.map(({ text }) => text));
      expect(report.bytesRead).toBe(bytes.length);
      expect(reads.at(-1)).toBe(position.checkpoint?.storedOffset);
      expect(reads.at(-1)).toBeGreaterThan(bytes.length * (share - 0.25));
    }
  });

  it("counts no fault twice, and refuses inputs that are others than when it was saved", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("a.jsonl.gz", gzipSync('{bad\n{"text":"1"}\n{"text":"2"}\n{bad\n{"text":"3"}\n'));
    const { position } = await stopAfter(path, 2, { badInput: "skip" });
    const { documents, report } = await rest(path, position, { badInput: "skip" });
    expect(documents.map(({ text }) => text)).toEqual(["3"]);
    expect(report.skipped).toEqual({ "invalid JSON": 1 });
    const other = folder.write("b.jsonl", '{"text":"x"}\n');
    await expect(rest(other, position)).rejects.toThrow(
      /the position lies in file 1, .*a\.jsonl\.gz, but .*b\.jsonl stands there/,
    );
    folder.write("a.jsonl.gz", gzipSync('{"text":"1"}\n'));
    await expect(rest(path, position)).rejects.toThrow(/after 1 documents, but the file gives only 0 now/);
    await expect(rest(other, { files: 3, documents: 0 })).rejects.toThrow(/file 4, after all others, but nothing/);
  });
});
