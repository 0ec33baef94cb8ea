import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

const documentsWritten = expected.parquet.map(({ id, text, ...metadata }) => ({ id, text, metadata }));

it.each(["none", "gzip", "zstd", "snappy"])("reads what pyarrow wrote, codec %s", async (codec) => {
  const { documents, report } = await readAll(fixture(`rows.${codec}.parquet`));
  expect(documents).toEqual(documentsWritten);
  expect(report).toMatchObject({ documents: 60, skipped: {} });
  expect(report.bytesRead).toBe(report.totalBytes);
});

it("takes other columns as text and id, and names the row where there is none", async () => {
  const path = fixture("rows.zstd.parquet");
  const { documents } = await readAll(path, { textField: "id", idField: "text" });
  expect(documents[0]).toMatchObject({ id: expected.parquet[0]?.text, text: "row-0" });
  const error = await failure(path, { textField: "note" });
  expect(error.message).toMatch(/rows\.zstd\.parquet:2: no text: expected text in the field "note", got null/);
  const { report } = await readAll(path, { textField: "note", badInput: "skip" });
  expect(report).toMatchObject({ documents: 30, skipped: { "no text": 30 } });
});

it("takes bytes for text where text is asked for, and keeps the keys of maps", async () => {
  const { documents, report } = await readAll(fixture("bytes.parquet"), { badInput: "skip" });
  expect(documents).toEqual([
    { id: "a", text: "one é", metadata: { raw: "AAE=", tags: { lang: "fr", naïve: "ja" } } },
    { id: "c", text: "two 中", metadata: { raw: "", tags: null } },
  ]);
  expect(report.skipped).toEqual({ "invalid UTF-8": 1 });
});

it("refuses truncated files and other files, or skips them", async () => {
  const folder = new TemporaryFolder();
  const whole = readFileSync(fixture("rows.gzip.parquet"));
  const cut = folder.write("cut.parquet", whole.subarray(0, 6000));
  for (const path of [cut, folder.write("other.parquet", "just text"), folder.write("empty.parquet", "")]) {
    expect((await failure(path)).message).toMatch(/\.parquet: damaged parquet: .*download it again/);
  }
  expect((await readAll(cut, { badInput: "skip" })).report.skipped).toEqual({ "damaged parquet": 1 });
});

it("reads on after a damaged row group where bad input is skipped", async () => {
  const bytes = Buffer.from(readFileSync(fixture("rows.gzip.parquet")));
  // The first gzip header belongs to the first page of the first group.
  const start = bytes.indexOf(Buffer.from([0x1f, 0x8b]));
  bytes.fill(0xff, start, start + 40);
  const path = new TemporaryFolder().write("damaged.parquet", bytes);
  expect((await failure(path)).message).toContain("damaged parquet");
  const { documents, report } = await readAll(path, { badInput: "skip" });
  expect(documents).toEqual(documentsWritten.slice(25));
  expect(report.skipped).toEqual({ "damaged parquet": 1 });
});

it("refuses a page that claims to hold far more than it does", async () => {
  const path = new TemporaryFolder().write("bomb.parquet", bombOf(readFileSync(fixture("rows.gzip.parquet"))));
  const error = await failure(path);
  expect(error.message).toMatch(/bomb\.parquet: decompression bomb: \d+ compressed bytes became 1073741823 or more/);
});

/** The file with the size in its first page's header, a varint of one or two bytes, made one of five bytes: a gigabyte. */
function bombOf(bytes: Buffer): Buffer {
  // Thrift compact: field 1 (type) i32 15 00 or 15 04, field 2 (uncompressed size) i32 15 <varint>.
  const start = 4;
  const end = start + 3 + ((bytes[start + 3] ?? 0) > 0x7f ? 2 : 1);
  const gigabyte = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x07]);
  // The header grows into the magic, which the footer's offsets do not cover.
  const moved = Buffer.concat([bytes.subarray(0, start + 3), gigabyte, bytes.subarray(end)]);
  const surplus = gigabyte.length - (end - start - 3);
  return Buffer.concat([moved.subarray(0, 120), moved.subarray(120 + surplus)]);
}
