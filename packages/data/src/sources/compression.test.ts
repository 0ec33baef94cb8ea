import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";

const zstd = readFileSync(fixture("pile.jsonl.zst"));
const bzip2 = readFileSync(fixture("dewiki-20240101-pages-articles-multistream.xml.bz2"));

/** A zstd frame (RFC 8878) of blocks that each say "128 KiB of this byte". */
function zstdBomb(blocks: number, windowDescriptor = 0x58): Buffer {
  const size = 1 << 17;
  const block = (last: number) => {
    const header = (size << 3) | (1 << 1) | last;
    return Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16, 0x78]);
  };
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor]);
  return Buffer.concat([head, ...Array.from({ length: blocks }, (_, index) => block(index === blocks - 1 ? 1 : 0))]);
}

it("finds cut zstd and bzip2 files, and files that are neither", async () => {
  const folder = new TemporaryFolder();
  const format = "text";
  const cutZstd = folder.write("cut.txt.zst", zstd.subarray(0, zstd.length - 30));
  expect((await failure(cutZstd)).message).toMatch(/cut\.txt\.zst: truncated zstd at byte \d+: .*download it again/);
  const cutBzip2 = folder.write("cut.xml.bz2", bzip2.subarray(0, bzip2.length - 30));
  expect((await failure(cutBzip2, { format })).message).toMatch(/cut\.xml\.bz2: truncated bzip2/);
  const noise = Buffer.from("this is no compressed file at all, only text that says so");
  expect((await failure(folder.write("a.txt.zst", noise))).message).toMatch(/damaged zstd at byte 0: .*is it zstd/);
  const { report } = await readAll(folder.path, { badInput: "skip" });
  expect(report).toMatchObject({ documents: 0, skipped: { "truncated zstd": 1, "damaged zstd": 1 } });
});

it("stops at data that grows far more than text does", async () => {
  const folder = new TemporaryFolder();
  const limits = { textDocumentBytes: 1 << 20, maxLineBytes: 1 << 30 };
  const gzip = folder.write("a.txt.gz", gzipSync(Buffer.alloc(80 << 20)));
  expect((await failure(gzip, limits)).message).toMatch(
    /a\.txt\.gz: decompression bomb: \d+ compressed bytes.*maxExpansion/,
  );
  const path = folder.write("b.txt.zst", zstdBomb(700));
  expect((await failure(path, limits)).message).toMatch(/b\.txt\.zst: decompression bomb/);
});

it("lets small files grow as they like, and trusts files when told so", async () => {
  const folder = new TemporaryFolder();
  const small = folder.write("a.txt.zst", zstdBomb(8));
  expect((await readAll(small)).documents[0]?.text).toBe("x".repeat(1 << 20));
});

it("refuses a zstd window that would take the memory", async () => {
  const path = new TemporaryFolder().write("a.txt.zst", zstdBomb(1, 0xa0));
  expect((await failure(path)).message).toMatch(
    /damaged zstd at byte 0: the frame asks for a window of 1073741824 bytes/,
  );
});
