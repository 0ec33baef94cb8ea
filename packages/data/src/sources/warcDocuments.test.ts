import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

const html = "<html><head><title>Café</title></head><body><p>Grüße</p></body></html>";

it("reads the pages of a crawl as HTML: declared, sniffed and undeclared encodings, chunked and gzip bodies", async () => {
  const { documents, report } = await readAll(fixture("crawl.warc.gz"));
  const seen = documents.map(({ id, text, metadata }) => [id, text, metadata?.contentType, metadata?.charset]);
  const japanese = '<html><head><meta charset="shift_jis"></head><body>日本語の文</body></html>';
  expect(seen).toEqual([
    ["urn:test:utf8", html, "text/html", "utf-8"],
    ["urn:test:japanese", japanese, "text/html", "shift_jis"],
    ["urn:test:latin", html, "text/html", "windows-1252"],
    ["urn:test:chunked", html, "text/html", "utf-8"],
    ["urn:test:plain", "just text", "text/plain", "utf-8"],
  ]);
  expect(documents[0]?.metadata).toMatchObject({ url: "https://example.org/utf8", date: "2024-01-02T03:04:05Z" });
  expect(report.bytesRead).toBe(report.totalBytes);
});

it("decodes windows-1252 as browsers do, also where a page calls it ISO 8859-1", async () => {
  const page =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=ISO-8859-1\r\n\r\n<p>\x93caf\xe9\x94 \x96 \x80 5</p>";
  const head = `WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: ${page.length}\r\n\r\n`;
  const path = new TemporaryFolder().write("a.warc", Buffer.from(`${head}${page}\r\n\r\n`, "latin1"));
  expect((await readAll(path)).documents[0]?.text).toBe("<p>“café” – € 5</p>");
});

it("reads the extracted text of WET files with its languages", async () => {
  const { documents } = await readAll(fixture("crawl.warc.wet.gz"));
  expect(documents.map(({ text }) => text)).toEqual(expected.sentences.map((text) => `${text}\nsecond line\n`));
  expect(documents.map(({ metadata }) => metadata?.languages)).toEqual(["eng", "rus,eng", "zho"]);
});

it("reads records however the bytes are cut", async () => {
  const folder = new TemporaryFolder();
  const plain = gunzipSync(readFileSync(fixture("crawl.warc.wet.gz")));
  // Many copies: headers and blocks come to lie across the chunks of 256 KiB that gunzip gives.
  const copies = 400;
  const path = folder.write("many.wet.gz", gzipSync(Buffer.concat(Array.from({ length: copies }, () => plain))));
  const { documents } = await readAll(path);
  expect(documents).toHaveLength(3 * copies);
  expect(documents.at(-1)?.text).toBe(`${expected.sentences[2]}\nsecond line\n`);
});

it("names the byte of a record that is cut or is none, and keeps what came before", async () => {
  const folder = new TemporaryFolder();
  const plain = gunzipSync(readFileSync(fixture("crawl.warc.wet.gz")));
  const cut = folder.write("cut.wet", plain.subarray(0, plain.length - 100));
  expect((await failure(cut)).message).toMatch(/cut\.wet: truncated WARC at byte \d+: the record announces \d+ bytes/);
  const skipped = await readAll(cut, { badInput: "skip" });
  expect(skipped.documents).toHaveLength(2);
  expect(skipped.report.skipped).toEqual({ "truncated WARC": 1 });
  const other = folder.write("other.warc", "not a web archive\r\n");
  expect((await failure(other)).message).toMatch(/invalid WARC at byte 0: expected a record.*"not a web archive"/);
  const gzip = readFileSync(fixture("crawl.warc.gz"));
  const cutGzip = folder.write("cut.warc.gz", gzip.subarray(0, gzip.length - 20));
  expect((await failure(cutGzip)).message).toContain("truncated gzip");
  const headless = folder.write("headless.warc", "WARC/1.0\r\nWARC-Type: response\r\n\r\nbody");
  expect((await failure(headless)).message).toMatch(/invalid WARC at byte 0: expected the header field Content-Length/);
});

it("passes over records above the limit without keeping them, and bodies that grow above it", async () => {
  const folder = new TemporaryFolder();
  const { documents, report } = await readAll(fixture("crawl.warc.wet.gz"), {
    maxDocumentBytes: 100,
    badInput: "skip",
  });
  expect(documents).toEqual([]);
  expect(report.skipped).toEqual({ "record too long": 3 });
  const head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n";
  const block = Buffer.concat([Buffer.from(head), gzipSync(Buffer.alloc(1 << 20, "x"))]);
  const record = `WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: ${block.length}\r\n\r\n`;
  const bomb = folder.write("bomb.warc", Buffer.concat([Buffer.from(record), block, Buffer.from("\r\n\r\n")]));
  expect((await failure(bomb, { maxDocumentBytes: 10_000 })).message).toMatch(
    /damaged content encoding at byte 0: .*within 10000 bytes/,
  );
  expect((await readAll(bomb)).documents[0]).toMatchObject({ id: `${bomb}@0`, text: "x".repeat(1 << 20) });
});

it("takes a response of a web address for one of HTTP where the record does not say what it is", async () => {
  const record = (address: string, type = "") => {
    const block = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nfound";
    const head = `WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: ${address}\r\n${type}`;
    return `${head}Content-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`;
  };
  const records = [record("https://a.org/1"), record("dns:a.org"), record("https://a.org/2", "Content-Type: x/y\r\n")];
  const path = new TemporaryFolder().write("a.warc", records.join(""));
  const { documents } = await readAll(path);
  expect(documents.map(({ metadata }) => metadata?.url)).toEqual(["https://a.org/1"]);
});
