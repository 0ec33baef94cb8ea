import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { failure, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

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

it("passes over a row with a stray quote by policy, and finds a quote that never closes", async () => {
  const folder = new TemporaryFolder();
  const stray = folder.write("a.csv", 'id,text\n0,z\n1,"a" b\n');
  expect((await failure(stray)).message).toMatch(/a\.csv:3: invalid CSV/);
  const { documents, report } = await readAll(stray, { badInput: "skip" });
  expect(documents.map(({ text }) => text)).toEqual(["z"]);
  // The parser looks for the quote's end up to the end of the file.
  expect(report.skipped).toEqual({ "invalid CSV": 1, "truncated CSV": 1 });
  expect((await failure(folder.write("b.csv", 'id,text\n1,"never closed\n'))).message).toMatch(
    /b\.csv:\d: truncated CSV/,
  );
});

it("bounds a row's size and applies the policy on invalid UTF-8", async () => {
  const folder = new TemporaryFolder();
  const long = folder.write("a.csv", `id,text\n1,${"x".repeat(3000)}\n`);
  expect((await failure(long, { maxLineBytes: 1000 })).message).toContain("line too long");
  const invalid = folder.write("b.csv", Buffer.from("id,text\n1,caf\xe9\n2,b\n", "latin1"));
  expect((await failure(invalid)).message).toMatch(/b\.csv:2: invalid UTF-8/);
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
