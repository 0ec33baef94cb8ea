import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { sendAndCut, sendRange, serve } from "../../test/localServer.ts";
import { expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";

const lines = Array.from({ length: 20_000 }, (_, index) => JSON.stringify({ id: index, text: `document ${index}` }));
const corpus = Buffer.from(`${lines.join("\n")}\n`);
const http = { retryDelay: 1 } as const;

it("reads a file by its address, its format from the name, with progress up to the total", async () => {
  const { address, requests } = await serve((request, response) => sendRange(corpus, request, response));
  const seen: number[] = [];
  const onProgress = ({ bytesRead }: { bytesRead: number }) => seen.push(bytesRead);
  const { documents, report } = await readAll(`${address}/corpus.jsonl?token=x`, { onProgress });
  expect(documents).toHaveLength(20_000);
  expect(documents.at(-1)).toEqual({ id: "19999", text: "document 19999" });
  expect(report).toMatchObject({ bytesRead: corpus.length, totalBytes: corpus.length });
  expect(seen.at(-1)).toBe(corpus.length);
  expect(requests.map(({ range }) => range)).toEqual(["bytes=0-0", "all"]);
});

it("goes on where connections were cut, and waits while the server is busy", async () => {
  const { address, requests } = await serve((request, response, count) => {
    if (count === 0) sendRange(corpus, request, response);
    else if (count % 2 === 1) sendAndCut(corpus, request, response, { bytes: 150_000 });
    else response.writeHead(503, { "retry-after": "0" }).end();
  });
  const { documents } = await readAll(`${address}/corpus.jsonl`, { http });
  expect(documents.map(({ id }) => id)).toEqual(lines.map((_, index) => String(index)));
  expect(requests.length).toBeGreaterThan(4);
  expect(requests.slice(2).map(({ range }) => range)).not.toContain("all");
});

it("goes on with a server that knows no ranges by passing over what it had", async () => {
  const { address } = await serve((_, response, count) => {
    response.writeHead(200, { "content-length": corpus.length });
    if (count === 1) response.write(corpus.subarray(0, 300_000), () => response.destroy());
    else response.end(corpus);
  });
  const { documents } = await readAll(`${address}/corpus.jsonl`, { http });
  expect(documents).toHaveLength(20_000);
});

it("reads Parquet in ranges", async () => {
  const table = readFileSync(fixture("rows.zstd.parquet"));
  const { address, requests } = await serve((request, response) => sendRange(table, request, response));
  const { documents } = await readAll(`${address}/rows.parquet`);
  expect(documents.map(({ text }) => text)).toEqual(expected.parquet.map(({ text }) => text));
  // The last half megabyte first, where the table of contents is, then each row group.
  expect(requests.slice(2)).toHaveLength(3);
  for (const { range } of requests.slice(2)) expect(range).toMatch(/^bytes=\d+-\d+$/);
});

it("gives up after the retries, at once on other refusals, and when the file changes", async () => {
  const busy = await serve((_, response) => response.writeHead(503).end());
  const error = await failure(`${busy.address}/a.jsonl`, { http: { retries: 2, retryDelay: 1 } });
  expect(error.message).toMatch(/a\.jsonl: could not be read: HTTP 503 \(gave up after 3 attempts\)/);
  expect(busy.requests).toHaveLength(3);
  const missing = await serve((_, response) => response.writeHead(404).end());
  expect((await failure(`${missing.address}/a.jsonl`, { http })).message).toMatch(/HTTP 404 \(check the address/);
  expect(missing.requests).toHaveLength(1);
  const changing = await serve((request, response, count) => sendRange(corpus, request, response, `"v${count}"`));
  expect((await failure(`${changing.address}/a.jsonl`, { http })).message).toContain("changed on the server");
});

it("counts a silent server as a cut connection", async () => {
  const { address, requests } = await serve((request, response, count) => {
    if (count === 1) response.writeHead(200, { etag: '"v1"', "content-length": corpus.length }).flushHeaders();
    else sendRange(corpus, request, response);
  });
  const { documents } = await readAll(`${address}/corpus.jsonl`, { http: { ...http, timeout: 300 } });
  expect(documents).toHaveLength(20_000);
  expect(requests).toHaveLength(3);
});

it("sends the headers it is given, and stops with the signal's reason", async () => {
  const { address } = await serve((request, response) => {
    if (request.headers.authorization === "Bearer secret") sendRange(corpus, request, response);
    else response.writeHead(401).end();
  });
  const headers = { authorization: "Bearer secret" };
  expect((await readAll(`${address}/a.jsonl`, { http: { headers } })).documents).toHaveLength(20_000);
  expect((await failure(`${address}/a.jsonl`)).message).toContain("HTTP 401");
  const signal = AbortSignal.abort(new Error("enough"));
  expect((await failure(`${address}/a.jsonl`, { http: { headers }, signal })).message).toBe("enough");
});
