import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { failure, readAll } from "../../test/sourceFixtures.ts";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import type { Document } from "../document.ts";
import { readDocuments } from "../readDocuments.ts";

it("reads quoted fields with line ends, quotes and commas, plain or gzip, after a byte order mark", async () => {
  const folder = new TemporaryFolder();
  const table = '\ufeffid,text,topic\r\n1,"Hello, ""you""\nthere",greeting\r\n\r\n2,Bye,\r\n';
  for (const path of [folder.write("a.csv", table), folder.write("b.csv.gz", gzipSync(table))]) {
    const { documents, report } = await readAll(path);
    expect(documents).toEqual([
      { id: "1", text: 'Hello, "you"\nthere', metadata: { topic: "greeting" } },
      { id: "2", text: "Bye", metadata: { topic: "" } },
    ]);
    expect(report.bytesRead).toBe(report.totalBytes);
  }
});

it("reads TSV, and columns of other names", async () => {
  const path = new TemporaryFolder().write("a.tsv", "ticket\tbody\n7\tit, broke\n");
  const { documents } = await readAll(path, { textField: "body", idField: "ticket" });
  expect(documents).toEqual([{ id: "7", text: "it, broke" }]);
});

it("stops without the text column, whatever the policy for rows", async () => {
  const path = new TemporaryFolder().write("a.csv", "id,body\n1,x\n");
  expect((await failure(path)).message).toMatch(/a\.csv:1: no text: expected a column "text".*got id, body.*textField/);
  expect((await readAll(path, { badInput: "skip" })).report.skipped).toEqual({ "no text": 1 });
});

it("names the line of an uneven row, or skips and counts it", async () => {
  const path = new TemporaryFolder().write("a.csv", "id,text\n1,a\n2\n3,c\n");
  expect((await failure(path)).message).toMatch(/a\.csv:3: uneven row: expected 2 columns.*got 1/);
  const { documents, report } = await readAll(path, { badInput: "skip" });
  expect(documents.map(({ text }) => text)).toEqual(["a", "c"]);
  expect(report.skipped).toEqual({ "uneven row": 1 });
});

it("takes stray quotes as they stand, and finds a quote that never closes", async () => {
  const folder = new TemporaryFolder();
  const stray = folder.write("a.csv", 'id,text\n0,z\n1,"a" b\n2,a 5" pipe\n3,"c ""d"""\n');
  const { documents, report } = await readAll(stray);
  expect(documents.map(({ text }) => text)).toEqual(["z", '"a" b', 'a 5" pipe', 'c "d"']);
  expect(report.skipped).toEqual({});
  const open = folder.write("b.csv", 'id,text\n0,z\n1,"never closed\n');
  expect((await failure(open)).message).toMatch(/b\.csv:\d: truncated CSV/);
  expect((await readAll(open, { badInput: "skip" })).report.skipped).toEqual({ "truncated CSV": 1 });
});

it("reads other delimiters and tables without quoting, and tells of a delimiter that it sees", async () => {
  const folder = new TemporaryFolder();
  const path = folder.write("a.csv", 'id;text\n1;"a, b"\n');
  expect((await failure(path)).message).toContain('got id;text (set csv: { delimiter: ";" })');
  const { documents } = await readAll(path, { csv: { delimiter: ";" } });
  expect(documents).toEqual([{ id: "1", text: "a, b" }]);
  const unquoted = folder.write("b.tsv", 'id\ttext\n1\t"open\n2\tb\n');
  const { documents: rows } = await readAll(unquoted, { csv: { quote: false } });
  expect(rows.map(({ text }) => text)).toEqual(['"open', "b"]);
});

it("goes on at a row's place, counting lines on from there", async () => {
  const rows = Array.from({ length: 40 }, (_, row) => (row === 30 ? "uneven" : `"row\n${row}",é`));
  const path = new TemporaryFolder().write("a.csv", `\ufefftext,n\r\n${rows.join("\r\n")}`);
  const source = readDocuments(path, { badInput: "skip" });
  const all: Document[] = [];
  let position = source.position();
  for await (const document of source) {
    if (all.push(document) === 20) position = source.position();
  }
  expect(position.checkpoint?.offset).toBeGreaterThan(200);
  const later = readDocuments(path, { badInput: "skip" });
  later.seek(position);
  expect(await collect(later)).toEqual(all.slice(20));
  expect(later.report().problems).toEqual(source.report().problems);
});

it("bounds a row's size and applies the policy on invalid UTF-8", async () => {
  const folder = new TemporaryFolder();
  const long = folder.write("a.csv", `id,text\n1,${"x".repeat(3000)}\n`);
  expect((await failure(long, { maxLineBytes: 1000 })).message).toContain("line too long");
  const invalid = folder.write("b.csv", Buffer.from("id,text\n1,caf\xe9\n2,b\n", "latin1"));
  expect((await failure(invalid)).message).toMatch(/b\.csv:2: invalid UTF-8: name/);
  const { documents, report } = await readAll(invalid, { invalidUtf8: "replace" });
  expect(documents.map(({ text }) => text)).toEqual(["caf\ufffd", "b"]);
  expect(report.replacedUtf8).toBe(1);
  expect((await readAll(invalid, { invalidUtf8: "skip" })).documents.map(({ text }) => text)).toEqual(["b"]);
});

it("counts a row without end once, however long, and a binary file once", async () => {
  const folder = new TemporaryFolder();
  const long = folder.write("a.csv", `id,text\n0,kept\n1,"${"x".repeat(5 << 20)}\n`);
  const { documents, report } = await readAll(long, { badInput: "skip", maxLineBytes: 1000 });
  expect(documents.map(({ text }) => text)).toEqual(["kept"]);
  expect(report.skipped).toEqual({ "line too long": 1 });
  const binary = folder.write("b.csv", Buffer.from('id,text\n\x7fELF\0\0\n\0\0"\0\n', "latin1"));
  expect((await failure(binary)).message).toMatch(/b\.csv: binary data at byte 12/);
  expect((await readAll(binary, { badInput: "skip" })).report.skipped).toEqual({ "binary data": 1 });
});
