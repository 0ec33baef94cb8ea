import { readFileSync } from "node:fs";
import { crc32, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { sendRange, serve } from "../../test/localServer.ts";
import { failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { TemporaryFolder } from "../../test/temporaryFolder.ts";
import { readDocuments } from "../readDocuments.ts";
import { harmlessPath } from "./archiveEntry.ts";

interface ZipFile {
  readonly name: string;
  readonly data: Buffer;
  /** Overrides, to write what no archiver would. */
  readonly method?: number;
  readonly checksum?: number;
  readonly flags?: number;
  readonly size?: number;
}

/** A zip archive (APPNOTE 4.3), so that it can also be a bad one. */
function zip(files: readonly ZipFile[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, method = 8, checksum = crc32(data), flags = 0x800, size = data.length } of files) {
    const stored = method === 8 ? deflateRawSync(data) : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(checksum, 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), stored]);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, entry, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, listing, Buffer.from("PK\x05\x06"), end]);
}

/** A tar archive (ustar) of regular files, or of what `type` says. */
function tar(files: readonly { readonly name: string; readonly data: Buffer; readonly type?: string }[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { name, data, type = "0" } of files) {
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write("0000644\0", 100);
    head.write(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
    head.write(`${"0".repeat(11)}\0`, 136);
    head.write("        ", 148);
    head.write(type, 156);
    head.write("ustar\0" + "00", 257);
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    blocks.push(head, data, Buffer.alloc((512 - (data.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const text = (name: string, content: string) => ({ name, data: Buffer.from(content) });

describe("archives", () => {
  const files = [
    text("a.txt", "one"),
    text("b/c.jsonl", '{"text":"two"}\n{"text":"three"}\n'),
    { name: "d.jsonl.gz", data: gzipSync('{"text":"four"}\n') },
    { name: "e.parquet", data: readFileSync(fixture("rows.zstd.parquet")) },
    text("picture.png", "no text"),
  ];

  it.each([
    ["zip", zip(files)],
    ["tar", tar(files)],
    ["tar.gz", gzipSync(tar(files))],
    ["tgz", gzipSync(tar(files))],
  ])("reads the files of a .%s by their own formats", async (ending, bytes) => {
    const folder = new TemporaryFolder();
    const path = folder.write(`corpus.${ending}`, bytes);
    const { documents, report } = await readAll(path);
    expect(documents.slice(0, 4).map(({ id, text }) => [id.slice(path.length), text])).toEqual([
      ["/a.txt", "one"],
      ["/b/c.jsonl:1", "two"],
      ["/b/c.jsonl:2", "three"],
      ["/d.jsonl.gz:1", "four"],
    ]);
    expect(documents).toHaveLength(64);
    expect(report.passedOver).toEqual({ "unknown kind of file in an archive": 1 });
    expect(report.bytesRead).toBe(bytes.length);
  });

  it("reads archives in archives, so deep and no deeper", async () => {
    const folder = new TemporaryFolder();
    const nest = (depth: number): Buffer =>
      depth === 0
        ? zip([text("a.txt", "inner")])
        : tar([{ name: "x.zip", data: zip([{ name: "y.tar", data: nest(depth - 1) }]) }]);
    const path = folder.write("a.tar", tar([{ name: "b.zip", data: zip([text("c.txt", "inner")]) }]));
    expect((await readAll(path)).documents.map(({ id, text }) => [id, text])).toEqual([
      [`${path}/b.zip/c.txt`, "inner"],
    ]);
    expect((await failure(folder.write("deep.tar", nest(3)))).message).toMatch(/nested too deep: .*more than 4 deep/);
  });

  it("reads a zip over HTTP in ranges", async () => {
    const noise = Buffer.from(
      Array.from({ length: 3_000_000 }, (_, index) => (Math.imul(index, 2654435761) >>> 7) & 0xff),
    );
    const picture = { name: "picture.png", data: noise, method: 0 };
    const bytes = zip([text("a.txt", "one"), picture, text("b.txt", "two"), picture]);
    const { address, requests } = await serve((request, response) => sendRange(bytes, request, response));
    expect((await readAll(`${address}/corpus.zip`)).documents.map(({ text }) => text)).toEqual(["one", "two"]);
    expect(requests.some(({ range }) => range === "all")).toBe(false);
  });
});

describe("names that lead out of the archive", () => {
  it("are made harmless", async () => {
    const folder = new TemporaryFolder();
    const names = ["../../etc/a.txt", "/root/b.txt", "C:\\windows\\c.txt", "d/./../../e.txt"];
    for (const [kind, bytes] of [
      ["zip", zip(names.map((name) => text(name, name)))],
      ["tar", tar(names.map((name) => text(name, name)))],
    ] as const) {
      const path = folder.write(`a.${kind}`, bytes);
      const { documents } = await readAll(path);
      expect(documents.map(({ id }) => id.slice(path.length))).toEqual([
        "/etc/a.txt",
        "/root/b.txt",
        "/windows/c.txt",
        "/d/e.txt",
      ]);
    }
    expect(folder.files()).toEqual(["a.tar", "a.zip"]);
    expect(harmlessPath("a\0/..\\..//b")).toBe("a/b");
  });

  it("passes over links and folders in tar archives", async () => {
    const folder = new TemporaryFolder();
    const bytes = tar([
      { name: "link.txt", data: Buffer.alloc(0), type: "2" },
      { name: "folder.txt", data: Buffer.alloc(0), type: "5" },
      text("a.txt", "one"),
    ]);
    expect((await readAll(folder.write("a.tar", bytes))).documents).toHaveLength(1);
  });
});

describe("bad archives", () => {
  it("finds cut ones, keeps what came before, and leaves other files unharmed", async () => {
    const folder = new TemporaryFolder();
    const whole = tar([text("a.txt", "one"), text("b.txt", "x".repeat(5000))]);
    const cut = folder.write("a.tar", whole.subarray(0, 3000));
    expect((await failure(cut)).message).toMatch(/a\.tar: truncated tar: the archive ends within a file/);
    folder.write("b.zip", zip([text("a.txt", "one")]).subarray(0, 60));
    folder.write("c.tar.gz", gzipSync(whole).subarray(0, 60));
    folder.write("d.tar", Buffer.from("no archive at all ".repeat(100)));
    folder.write("e.txt", "other");
    const { documents, report } = await readAll(folder.path, { badInput: "skip" });
    expect(documents.map(({ text }) => text)).toEqual(["one", "other"]);
    expect(report.skipped).toEqual({ "truncated tar": 1, "damaged zip": 1, "truncated gzip": 1, "damaged tar": 1 });
  });

  it("skips single files that are damaged, encrypted or packed in an unknown way", async () => {
    const folder = new TemporaryFolder();
    const data = Buffer.from("some text");
    const path = folder.write(
      "a.zip",
      zip([
        { name: "checksum.txt", data, checksum: 1 },
        { name: "encrypted.txt", data, flags: 0x801 },
        { name: "method.txt", data, method: 12 },
        { name: "size.txt", data, size: 4 },
        text("good.txt", "good"),
      ]),
    );
    expect((await failure(path)).message).toMatch(/a\.zip\/checksum\.txt: damaged zip: the checksum does not fit/);
    const { documents, report } = await readAll(path, { badInput: "skip" });
    expect(documents.map(({ text }) => text)).toEqual(["good"]);
    expect(report.skipped).toEqual({ "damaged zip": 2, "encrypted zip": 1, "unknown zip compression": 1 });
  });

  it("refuses bombs: one file, many files that share bytes, a file above the limit", async () => {
    const folder = new TemporaryFolder();
    const blankLine = `${" ".repeat((1 << 20) - 1)}\n`;
    const huge = zip([{ name: "a.jsonl", data: Buffer.alloc(80 << 20, blankLine) }]);
    const bomb = folder.write("bomb.zip", huge);
    expect((await failure(bomb)).message).toMatch(/bomb\.zip: decompression bomb: \d+ compressed bytes became/);
    expect((await readAll(bomb, { maxExpansion: 2000 })).documents).toEqual([]);
    const tarBomb = folder.write(
      "bomb.tar.gz",
      gzipSync(tar([{ name: "a.jsonl", data: Buffer.alloc(80 << 20, blankLine) }])),
    );
    expect((await failure(tarBomb)).message).toContain("decompression bomb");
    const shared = folder.write(
      "shared.zip",
      sharedEntries(zip([{ name: "a.jsonl", data: Buffer.alloc(10 << 20, blankLine) }]), 10),
    );
    expect((await failure(shared)).message).toContain("decompression bomb");
    const long = folder.write("long.zip", zip([text("a.txt", "x".repeat(2000)), text("b.txt", "short")]));
    const { documents, report } = await readAll(long, { maxDocumentBytes: 1000, badInput: "skip" });
    expect(documents.map(({ text }) => text)).toEqual(["short"]);
    expect(report.skipped).toEqual({ "text too long": 1 });
  }, 60_000);

  it("stops in the middle without leaving files open", async () => {
    const folder = new TemporaryFolder();
    const many = Array.from({ length: 50 }, (_, index) => text(`${index}.txt`, "x".repeat(100_000)));
    for (const path of [folder.write("a.tar", tar(many)), folder.write("b.zip", zip(many))]) {
      const signal = AbortSignal.timeout(60_000);
      const { documents } = await readFirst(path, 3, signal);
      expect(documents).toBe(3);
    }
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    expect((await failure(folder.join("a.tar"), { signal: controller.signal })).message).toBe("enough");
    expect((await failure(folder.join("b.zip"), { signal: controller.signal })).message).toBe("enough");
  });
});

async function readFirst(path: string, count: number, signal: AbortSignal): Promise<{ documents: number }> {
  const { readDocuments } = await import("../readDocuments.ts");
  let documents = 0;
  for await (const _ of readDocuments(path, { signal })) {
    documents += 1;
    if (documents === count) break;
  }
  return { documents };
}

/** The archive with its one directory entry repeated: many files of the same bytes. */
function sharedEntries(archive: Buffer, count: number): Buffer {
  const end = archive.length - 22;
  const start = archive.readUInt32LE(end + 16);
  const entry = archive.subarray(start, end);
  const tail = Buffer.from(archive.subarray(end));
  tail.writeUInt16LE(count, 8);
  tail.writeUInt16LE(count, 10);
  tail.writeUInt32LE(entry.length * count, 12);
  return Buffer.concat([archive.subarray(0, start), ...Array.from({ length: count }, () => entry), tail]);
}

describe("repositories", () => {
  const taken = [
    ["README.md", "Markdown", "MIT"],
    ["src/main.py", "Python", "MIT"],
    ["src/point.h", "C++", "MIT"],
    ["src/one.ts", "TypeScript", "Apache-2.0"],
    ["third/lib.rs", "Rust", "ISC"],
    ["escape.py", "Python", "MIT"],
  ];
  const passedOver = {
    "license text": 2,
    generated: 2,
    minified: 1,
    vendored: 3,
    "other language": 1,
    binary: 1,
    "no known language": 1,
  };

  it.each(["repository.zip", "repository.tar.gz"])(
    "reads %s: language, licence, and what is left out",
    async (name) => {
      const { documents, report } = await readAll(fixture(name), { format: "repository" });
      expect(documents.map(({ metadata }) => [metadata?.path, metadata?.language, metadata?.license])).toEqual(taken);
      expect(documents[1]).toMatchObject({
        id: `${fixture(name)}/sample-0f3a/src/main.py`,
        text: "def main():\n    return 1\n",
      });
      expect(report.passedOver).toEqual(passedOver);
      expect(report.bytesRead).toBe(report.totalBytes);
    },
  );

  it("reads a folder, by languages and licences", async () => {
    const folder = new TemporaryFolder();
    folder.write("LICENSE", "nobody knows this one");
    folder.write("a.py", "print(1)\n");
    folder.write("b.rs", "// SPDX-License-Identifier: MIT OR Apache-2.0\nfn main() {}\n");
    folder.write(".git/config.py", "secret");
    folder.write("deep/Makefile", "all:\n");
    const paths = async (repository: object) =>
      (await readAll(folder.path, { format: "repository", repository })).documents.map(
        ({ metadata }) => metadata?.path,
      );
    expect(await paths({})).toEqual(["a.py", "b.rs", "deep/Makefile"]);
    expect(await paths({ languages: ["Rust"] })).toEqual(["b.rs"]);
    expect(await paths({ licenses: ["MIT OR Apache-2.0"] })).toEqual(["b.rs"]);
    expect(await paths({ maxFileBytes: 9 })).toEqual(["a.py", "deep/Makefile"]);
    const empty = new TemporaryFolder();
    expect((await failure(empty.path, { format: "repository" })).message).toContain("empty repository");
  });

  it("reads an archive that is cut up to the cut, by policy", async () => {
    const folder = new TemporaryFolder();
    const whole = gunzipSync(readFileSync(fixture("repository.tar.gz")));
    const cut = folder.write("r.tar", whole.subarray(0, 6000));
    expect((await failure(cut, { format: "repository" })).message).toContain("truncated tar");
  });
});

it("goes on from a file of a zip archive without fetching those before it", async () => {
  const lines = (file: number) =>
    Array.from({ length: 40_000 }, (_, line) => `{"text":"${file} ${Math.imul(line + file, 2654435761)}"}\n`).join("");
  const files = [1, 2, 3].map((file) => ({ name: `${file}.jsonl`, data: Buffer.from(lines(file)), method: 0 }));
  const archive = zip(files);
  const { address, requests } = await serve((request, response) => sendRange(archive, request, response));
  const source = readDocuments(`${address}/a.zip`);
  const texts: string[] = [];
  let position = source.position();
  for await (const { text } of source) if (texts.push(text) === 100_000) position = source.position();
  const before = requests.length;
  const later = readDocuments(`${address}/a.zip`);
  later.seek(position);
  const rest: string[] = [];
  for await (const { text } of later) rest.push(text);
  expect(rest).toEqual(texts.slice(100_000));
  expect(later.report().bytesRead).toBe(archive.length);
  const starts = requests.slice(before).map(({ range }) => Number(/=(\d+)/.exec(range)?.[1] ?? 0));
  const second = (files[0]?.data.length ?? 0) * 2;
  expect(starts.filter((start) => start > 0 && start < second)).toEqual([]);
});
