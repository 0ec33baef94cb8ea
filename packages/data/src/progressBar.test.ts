import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { collect, TemporaryFolder } from "../test/temporaryFolder.ts";
import { progressBar } from "./progressBar.ts";
import { readDocuments } from "./readDocuments.ts";

/** A stream that keeps what is written, as a terminal or not, and a clock set by hand. */
function setUp(isTTY: boolean) {
  const written: string[] = [];
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  stream.on("data", (chunk: Buffer) => written.push(chunk.toString()));
  Object.assign(stream, { isTTY, columns: 200, cursorTo: () => true, clearLine: () => true, moveCursor: () => true });
  const clock = { time: 0 };
  return { bar: progressBar({ stream, label: "reading", now: () => clock.time }), clock, text: () => written.join("") };
}

test("a log gets a line every ten seconds and the last one", () => {
  const { bar, clock, text } = setUp(false);
  const totalBytes = 400e6;
  bar.update({ bytesRead: 100e6, totalBytes });
  clock.time = 5_000;
  bar.update({ bytesRead: 110e6, totalBytes });
  expect(text()).toBe("");
  clock.time = 10_000;
  bar.update({ bytesRead: 120e6, totalBytes, documents: 1234, shardsDone: 1, shardCount: 16 });
  expect(text()).toBe("reading 120.0 of 400.0 MB · 1,234 documents · 1 of 16 shards · 2.0 MB/s · 2 min 20 s left\n");
  clock.time = 11_000;
  bar.update({ bytesRead: 400e6, totalBytes });
  bar.stop();
  bar.stop();
  expect(text().split("\n").slice(1)).toEqual(["reading 400.0 of 400.0 MB · 27.3 MB/s · 0 s left", ""]);
});

test("a terminal gets a bar", () => {
  const { bar, clock, text } = setUp(true);
  bar.update({ bytesRead: 0, totalBytes: 10e9 });
  clock.time = 1_000;
  bar.update({ bytesRead: 1e6, totalBytes: 10e9 });
  bar.stop();
  expect(text()).toContain("reading ");
  expect(text()).toContain("░");
  expect(text()).toContain("1.0 MB/s · 2 h 46 min left");
});

test("fits the reader", async () => {
  const { bar, text } = setUp(false);
  const path = new TemporaryFolder().write("a.txt", "x".repeat(3e6));
  await collect(readDocuments(path, { onProgress: bar.update }));
  bar.stop();
  expect(text()).toContain("reading 3.0 of 3.0 MB");
});
