import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { collect, TemporaryFolder } from "../test/temporaryFolder.ts";
import { FileError, FormatError } from "./errors.ts";
import { readDocuments } from "./readDocuments.ts";
import type { ReadOptions } from "./sources/readOptions.ts";

async function failure(path: string | readonly string[], options?: ReadOptions): Promise<Error> {
  const read = collect(readDocuments(path, options));
  return read.then(
    () => expect.fail("expected the reading to fail"),
    (error: Error) => error,
  );
}

/** Bytes that gzip cannot shrink much, so that a cut falls inside the data. */
function noise(length: number): string {
  let state = 1;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += state.toString(36);
  }
  return text;
}

describe("what is found", () => {
  it("reads a folder recursively, sorted, each known kind, and passes over others", async () => {
    const folder = new TemporaryFolder();
    folder.write("b.txt", "second");
    folder.write("a/deep.md", "first");
    folder.write("c.txt.gz", gzipSync("third"));
    folder.write("d.jsonl", '{"text":"fourth"}\n{"text":"fifth"}');
    folder.write("e.ndjson.GZ", gzipSync('{"text":"sixth"}\n'));
    folder.write("picture.png", new Uint8Array([0, 1, 2]));
    const source = readDocuments(folder.path);
    const documents = await collect(source);
    expect(documents.map(({ text }) => text)).toEqual(["first", "second", "third", "fourth", "fifth", "sixth"]);
    expect(documents.map(({ id }) => id.slice(folder.path.length + 1))).toEqual([
      "a/deep.md",
      "b.txt",
      "c.txt.gz",
      "d.jsonl:1",
      "d.jsonl:2",
      "e.ndjson.GZ:1",
    ]);
    expect(source.report()).toMatchObject({ files: 5, documents: 6, skipped: {}, problems: [] });
    expect(source.report().bytesRead).toBe(source.report().totalBytes);
  });

  it("reads lists of files and patterns, each file once", async () => {
    const folder = new TemporaryFolder();
    const first = folder.write("x1.txt", "one");
    folder.write("x2.txt", "two");
    const documents = await collect(readDocuments([first, `${folder.path}/x*.txt`]));
    expect(documents.map(({ text }) => text)).toEqual(["one", "two"]);
  });

  it("can be read twice", async () => {
    const folder = new TemporaryFolder();
    const source = readDocuments(folder.write("a.txt", "text"));
    expect(await collect(source)).toEqual(await collect(source));
    expect(source.report().documents).toBe(1);
  });

  it("names a missing path, an empty folder, a pattern without match and an unknown kind", async () => {
    const folder = new TemporaryFolder();
    const missing = await failure(folder.join("none.txt"));
    expect(missing).toBeInstanceOf(FileError);
    expect(missing.message).toMatch(/none\.txt: could not be read: ENOENT.*check the path/);
    expect((await failure(folder.path)).message).toMatch(/expected a folder with text files .*found none/);
    expect((await failure(folder.join("*.txt"))).message).toContain("no file matches this pattern");
    expect((await failure([])).message).toContain("expected at least one path");
    const table = folder.write("table.xlsx", "PK");
    expect((await failure(table)).message).toMatch(/table\.xlsx: unknown file kind: expected a name ending in \.txt/);
    expect(await collect(readDocuments(table, { format: "text" }))).toEqual([{ id: table, text: "PK" }]);
  });
});

describe("text", () => {
  it("gives an empty document for an empty file and drops a byte order mark", async () => {
    const folder = new TemporaryFolder();
    folder.write("a.txt", "");
    folder.write("b.txt", "\ufefftext");
    expect((await collect(readDocuments(folder.path))).map(({ text }) => text)).toEqual(["", "text"]);
  });

  it("cuts at blank lines once a piece is long enough, and at a line end when none comes", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("a.txt", "aaaa\nbbbb\n\ncc\n\ndddd\r\neeee\nffff\ngggg\nhhhh\niiii");
    const documents = await collect(readDocuments(path, { textDocumentBytes: 11 }));
    expect(documents).toEqual([
      { id: `${path}#1`, text: "aaaa\nbbbb\n" },
      { id: `${path}#2`, text: "cc\n\ndddd\neeee\nffff\ngggg" },
      { id: `${path}#3`, text: "hhhh\niiii" },
    ]);
  });

  it("refuses a file above the limit for one document and says what to do", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("a.txt", "x".repeat(101));
    expect((await failure(path, { maxDocumentBytes: 100 })).message).toMatch(
      /a\.txt: text too long: .*more than 100 bytes.*set textDocumentBytes/,
    );
    expect(await collect(readDocuments(path, { maxDocumentBytes: 101 }))).toHaveLength(1);
  });

  it("refuses binary files, by name and place, or skips and counts them", async () => {
    const folder = new TemporaryFolder();
    folder.write("a.txt", "ab\0cd");
    folder.write("b.txt", "good");
    folder.write("c.txt", Buffer.from("\ufeffutf-16", "utf16le"));
    expect((await failure(folder.path)).message).toMatch(/a\.txt: binary data at byte 2: a NUL byte is not text/);
    expect((await failure(folder.join("c.txt"))).message).toContain('UTF-16 (set encoding: "utf-16le")');
    const source = readDocuments(folder.path, { badInput: "skip" });
    expect((await collect(source)).map(({ text }) => text)).toEqual(["good"]);
    expect(source.report().skipped).toEqual({ "binary data": 2 });
    expect(source.report().problems[0]).toContain("a.txt: binary data at byte 2");
  });

  it("reports invalid UTF-8 with its byte, and skips or replaces it by policy", async () => {
    const folder = new TemporaryFolder();
    const start = Buffer.from("é".repeat(5000));
    const path = folder.write("a.txt", Buffer.concat([start, Buffer.from([0xe2, 0x82]), Buffer.from("end")]));
    for (const options of [{}, { badInput: "skip", invalidUtf8: "error" }] as const) {
      const error = await failure(path, options);
      expect(error).toBeInstanceOf(FormatError);
      expect(error.message).toMatch(/a\.txt: invalid UTF-8 at byte 10000: name the encoding/);
    }
    for (const options of [{ invalidUtf8: "skip" }, { badInput: "skip" }] as const) {
      const skipping = readDocuments(path, options);
      expect(await collect(skipping)).toEqual([]);
      expect(skipping.report().skipped).toEqual({ "invalid UTF-8": 1 });
    }
    const replacing = readDocuments(path, { invalidUtf8: "replace" });
    expect((await collect(replacing))[0]?.text.slice(-4)).toBe("\ufffdend");
    expect(replacing.report()).toMatchObject({ replacedUtf8: 1, skipped: {} });
  });
});

describe("JSONL", () => {
  it("takes the text field, an id where there is one, and the rest as metadata", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("a.jsonl", '{"body":"x","id":7,"lang":"en"}\r\n\n{"body":"y","id":[1]}\n{"body":"z"}');
    expect(await collect(readDocuments(path, { textField: "body" }))).toEqual([
      { id: "7", text: "x", metadata: { lang: "en" } },
      { id: `${path}:3`, text: "y", metadata: { id: [1] } },
      { id: `${path}:4`, text: "z" },
    ]);
  });

  it("names file and line of a bad record", async () => {
    const folder = new TemporaryFolder();
    const bad = (line: string) => failure(folder.write("a.jsonl", `{"text":"ok"}\n${line}\n`));
    expect((await bad('{"text": "cut')).message).toMatch(/a\.jsonl:2: invalid JSON: .*the line starts/);
    expect((await bad("[1]")).message).toMatch(/a\.jsonl:2: invalid record: expected a JSON object, got an array/);
    expect((await bad('{"content":"x","n":1}')).message).toMatch(
      /a\.jsonl:2: no text: expected text in the field "text", got no such field \(fields here: content, n; .*textField/,
    );
    expect((await bad('{"text":5}')).message).toContain('in the field "text", got a number');
    expect((await bad('{"text":"a\0"}')).message).toMatch(/a\.jsonl:2: binary data at byte 24/);
  });

  it("skips and counts bad records by reason", async () => {
    const folder = new TemporaryFolder();
    const path = folder.write("a.jsonl", '{"text":"1"}\n{bad\n[]\n{"text":"2"}\n{}\n{"text":"3"}');
    const source = readDocuments(path, { badInput: "skip" });
    expect((await collect(source)).map(({ text }) => text)).toEqual(["1", "2", "3"]);
    expect(source.report().skipped).toEqual({ "invalid JSON": 1, "invalid record": 1, "no text": 1 });
  });

  it("refuses a line above the limit, or skips just that line", async () => {
    const folder = new TemporaryFolder();
    const long = JSON.stringify({ text: "x".repeat(3_000_000) });
    const path = folder.write("a.jsonl", `{"text":"1"}\n${long}\n{"text":"3"}\n`);
    expect((await failure(path, { maxLineBytes: 1_000_000 })).message).toMatch(
      /a\.jsonl:2: line too long at byte 13: the line holds 3000011 bytes, more than maxLineBytes allows/,
    );
    const source = readDocuments(path, { maxLineBytes: 1_000_000, badInput: "skip" });
    expect((await collect(source)).map(({ text }) => text)).toEqual(["1", "3"]);
    const whole = await collect(readDocuments(path));
    expect(whole[1]?.text.length).toBe(3_000_000);
  });

  it("survives characters and lines that straddle chunks", async () => {
    const folder = new TemporaryFolder();
    const texts = Array.from({ length: 2000 }, (_, i) => "日本語😀".repeat(i % 300));
    const path = folder.write("a.jsonl", texts.map((text) => JSON.stringify({ text })).join("\n"));
    expect((await collect(readDocuments(path))).map(({ text }) => text)).toEqual(texts);
  });
});

describe("gzip", () => {
  it("reads several members as one stream", async () => {
    const folder = new TemporaryFolder();
    const members = Buffer.concat([gzipSync('{"text":"a"}\n{"te'), gzipSync('xt":"b"}\n')]);
    const documents = await collect(readDocuments(folder.write("a.jsonl.gz", members)));
    expect(documents.map(({ text }) => text)).toEqual(["a", "b"]);
  });

  it("names the file and place of a truncated or damaged one", async () => {
    const folder = new TemporaryFolder();
    const whole = gzipSync(`{"text":"${noise(3_000_000)}"}\n`);
    const error = await failure(folder.write("cut.jsonl.gz", whole.subarray(0, whole.length / 2)));
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(/cut\.jsonl\.gz: truncated gzip at byte \d{4,}: the file ends in the middle/);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 100_000, 100_200);
    expect((await failure(folder.write("bad.jsonl.gz", damaged))).message).toContain("bad.jsonl.gz: damaged gzip");
    expect((await failure(folder.write("plain.txt.gz", "not gzip"))).message).toContain("plain.txt.gz: damaged gzip");
    const source = readDocuments([folder.join("cut.jsonl.gz"), folder.write("z.txt", "after")], { badInput: "skip" });
    expect((await collect(source)).map(({ text }) => text)).toEqual(["after"]);
    expect(source.report().skipped).toEqual({ "truncated gzip": 1 });
  });

  it("finds a second member that is cut", async () => {
    const folder = new TemporaryFolder();
    const members = Buffer.concat([gzipSync("first"), gzipSync(noise(1000)).subarray(0, 100)]);
    expect((await failure(folder.write("a.txt.gz", members))).message).toContain("truncated gzip");
  });
});

describe("progress and stopping", () => {
  it("reports bytes from the disk up to the total", async () => {
    const folder = new TemporaryFolder();
    folder.write("a.txt", "x".repeat(2_500_000));
    folder.write("b.txt.gz", gzipSync("y".repeat(1000)));
    const seen: number[] = [];
    let total = 0;
    const onProgress: ReadOptions["onProgress"] = ({ bytesRead, totalBytes }) => {
      seen.push(bytesRead);
      total = totalBytes;
    };
    await collect(readDocuments(folder.path, { onProgress }));
    expect(seen.length).toBeGreaterThanOrEqual(4);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
  });

  it("reads no further than its documents are taken", async () => {
    const folder = new TemporaryFolder();
    const line = `${JSON.stringify({ text: "x".repeat(1000) })}\n`;
    const source = readDocuments(folder.write("a.jsonl", line.repeat(20_000)));
    for await (const document of source) {
      expect(document.text).toHaveLength(1000);
      break;
    }
    expect(source.report().bytesRead).toBeLessThanOrEqual(2 << 20);
  });

  it("stops with the signal's reason, in a gzip too", async () => {
    const folder = new TemporaryFolder();
    const lines = `${JSON.stringify({ text: noise(2000) })}\n`.repeat(2000);
    for (const path of [folder.write("a.jsonl", lines), folder.write("b.jsonl.gz", gzipSync(lines))]) {
      const controller = new AbortController();
      let taken = 0;
      const read = async (): Promise<void> => {
        for await (const _ of readDocuments(path, { signal: controller.signal })) {
          taken += 1;
          if (taken === 10) controller.abort(new Error("stop here"));
        }
      };
      await expect(read()).rejects.toThrow("stop here");
      expect(taken).toBe(10);
    }
  });

  it("refuses impossible limits at once", () => {
    expect(() => readDocuments("x", { maxLineBytes: 0 })).toThrow(/maxLineBytes: expected a whole number .* got 0/);
  });
});
