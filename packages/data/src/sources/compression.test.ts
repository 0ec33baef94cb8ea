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

it("refuses a zstd window that would take the memory, in any frame, also where the content's length is the window", async () => {
  const folder = new TemporaryFolder();
  const path = folder.write("a.txt.zst", zstdBomb(1, 0xa0));
  expect((await failure(path)).message).toMatch(
    /damaged zstd at byte 0: the frame asks for a window of 1073741824 bytes/,
  );
  const second = folder.write("b.txt.zst", Buffer.concat([zstdBomb(1), zstdBomb(1, 0xa0)]));
  expect((await failure(second)).message).toMatch(/damaged zstd at byte 131072: the frame asks for a window/);
  const single = Buffer.from("28b52ffda0ffffff7f0b00007800", "hex");
  expect((await failure(folder.write("c.txt.zst", single))).message).toMatch(/a window of 2147483647 bytes/);
});

it("compares the checksums of zstd frames, and passes over frames of other data", async () => {
  const folder = new TemporaryFolder();
  const damaged = Buffer.from(zstd);
  damaged.writeUInt32LE(damaged.readUInt32LE(zstd.length - 4) ^ 1, zstd.length - 4);
  expect((await failure(folder.write("a.jsonl.zst", damaged))).message).toMatch(
    /damaged zstd.*the checksum does not fit/,
  );
  const skippable = Buffer.from("5a2a4d1803000000616263", "hex");
  const mixed = folder.write("b.jsonl.zst", Buffer.concat([skippable, zstd, skippable]));
  expect((await readAll(mixed)).documents.map(({ text }) => text)).toEqual(
    (await readAll(fixture("pile.jsonl.zst"))).documents.map(({ text }) => text),
  );
});

it("reads gzip members with every optional field, and zeros behind them", async () => {
  const text = gzipSync("hello");
  const named = Buffer.concat([
    Buffer.from("1f8b081e000000000003" + "0400" + "61620000", "hex"),
    Buffer.from("name\0comment\0"),
    Buffer.from([0, 0]),
    text.subarray(10),
  ]);
  const folder = new TemporaryFolder();
  const path = folder.write("a.txt.gz", Buffer.concat([named, text, gzipSync(""), named, Buffer.alloc(512)]));
  expect((await readAll(path)).documents[0]?.text).toBe("hellohellohello");
});

it("compares length and checksum of each gzip member", async () => {
  const folder = new TemporaryFolder();
  const good = gzipSync("hello");
  for (const [back, message] of [
    [8, "the checksum does not fit"],
    [4, "the length does not fit"],
  ] as const) {
    const bad = Buffer.from(good);
    bad.writeUInt32LE(7, bad.length - back);
    const path = folder.write("a.jsonl.gz", Buffer.concat([gzipSync('{"text":"1"}\n'), bad]));
    expect((await failure(path)).message).toContain(`a.jsonl.gz: damaged gzip at byte 18: ${message}`);
  }
  const other = folder.write("b.jsonl.gz", Buffer.concat([good, Buffer.from("tail")]));
  expect((await failure(other)).message).toContain("no gzip member starts here");
});
