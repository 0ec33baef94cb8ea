import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { failure, readAll } from "../../test/sourceFixtures.ts";
import { collect, TemporaryFolder } from "../../test/temporaryFolder.ts";
import { readDocuments } from "../readDocuments.ts";
import { jsonValues } from "./jsonValues.ts";

const records = [
  { text: 'one "quoted" \\ [bracket} é', id: "a" },
  { text: "two\nlines", n: [1, { x: "]" }] },
  { text: "three", id: 3 },
];
const layouts: Record<string, string> = {
  "a list on one line": JSON.stringify(records),
  "an indented list": JSON.stringify(records, null, 2),
  "a list with a byte order mark": `\ufeff ${JSON.stringify(records)}\n`,
  "JSON lines": records.map((record) => JSON.stringify(record)).join("\n"),
  "indented objects in a row": records.map((record) => JSON.stringify(record, null, 2)).join("\n\n"),
};

it.each(Object.entries(layouts))("reads %s, and goes on after each document", async (name, json) => {
  const folder = new TemporaryFolder();
  const path = folder.write("a.json", json);
  const { documents, report } = await readAll(path);
  expect(documents.map(({ text }) => text)).toEqual(records.map(({ text }) => text));
  expect(documents.map(({ id }) => id)).toEqual(["a", `${path}:2`, "3"]);
  expect(documents[1]?.metadata).toEqual({ n: [1, { x: "]" }] });
  expect(report.bytesRead).toBe(report.totalBytes);
  for (const [index] of documents.entries()) {
    const source = readDocuments(path);
    for await (const { id } of source) if (id === documents[index]?.id) break;
    const later = readDocuments(path);
    later.seek(source.position());
    expect(await collect(later), name).toEqual(documents.slice(index + 1));
  }
});

it("cuts values the same however the bytes are cut", async () => {
  const json = Buffer.from(`[1, "a,]\\"", null,{"x":"\\\\"},[[],{}] ,true]`);
  for (let size = 1; size <= json.length; size += 1) {
    const chunks = async function* () {
      for (let at = 0; at < json.length; at += size) yield json.subarray(at, at + size);
    };
    const values = await collect(jsonValues(chunks(), { file: "a.json", limit: 100 }));
    expect(values.map(({ bytes }) => bytes?.toString())).toEqual([
      "1",
      '"a,]\\""',
      "null",
      '{"x":"\\\\"}',
      "[[],{}]",
      "true",
    ]);
  }
});

it("skips bad records alone, and names the byte of each", async () => {
  const path = new TemporaryFolder().write(
    "a.json",
    '[{"text":"1"},{"text":2},{bad},"x",{"text":"too long to keep"},{"text":"5"}]',
  );
  const { documents, report } = await readAll(path, { badInput: "skip", maxLineBytes: 20 });
  expect(documents.map(({ text }) => text)).toEqual(["1", "5"]);
  expect(report.skipped).toEqual({ "no text": 1, "invalid JSON": 1, "invalid record": 1, "record too long": 1 });
  expect(report.problems[1]).toMatch(/a\.json: invalid JSON at byte 25: .*the record starts "\{bad\}"/);
});

it.each([
  ['[{"text":"1"},', /truncated JSON at byte 14: the file ends within its list/],
  ['[{"text":"1"},{"text":', /truncated JSON at byte 14: the file ends within the value that begins here/],
  ['[{"text":"1"}] {"text":"2"}', /invalid JSON at byte 15: expected nothing behind the list, got "\{"/],
  ['{"text":"1"},{"text":"2"}', /invalid JSON at byte 12: expected a value, got ","/],
  [
    '{"data":[{"text":"1"}]}',
    /no text at byte 0: expected text in the field "text", got no such field \(fields here: data;/,
  ],
])("says what is wrong with %s", async (json, message) => {
  expect((await failure(new TemporaryFolder().write("a.json", json))).message).toMatch(message);
});

it("passes over settings that lie among records in a folder, not records without text", async () => {
  const folder = new TemporaryFolder();
  folder.write("a.json.gz", gzipSync(JSON.stringify(records)));
  folder.write("info.json", '{"name":"a data set"}');
  const { documents, report } = await readAll(folder.path);
  expect(documents).toHaveLength(3);
  expect(report.passedOver).toEqual({ "JSON object that is no list of records": 1 });
  folder.write("lines.json", '{"body":"1"}\n{"body":"2"}\n');
  expect((await readAll(folder.path, { badInput: "skip" })).report.skipped).toEqual({ "no text": 2 });
});
