import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";

const lines = Array.from({ length: 20_000 }, (_, index) => JSON.stringify({ id: index, text: `document ${index}` }));
const corpus = Buffer.from(`${lines.join("\n")}\n`);
const http = { retryDelay: 1 } as const;

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on this machine; `handler` is told how many requests came before. Returns its address. */
async function serve(handler: Handler): Promise<{ address: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers.range ?? "all");
    handler(request, response, requests.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Answers with the range asked for, as file servers do. */
function sendRange(body: Buffer, request: IncomingMessage, response: ServerResponse, etag = '"v1"'): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(range?.[2] ? Number(range[2]) + 1 : body.length, body.length);
  const headers = { etag, "content-length": end - start };
  if (range) response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${end - 1}/${body.length}` });
  else response.writeHead(200, headers);
  response.end(body.subarray(start, end));
}

/** Promises the whole rest, sends some of it, and breaks the connection. */
function sendAndCut(request: IncomingMessage, response: ServerResponse, bytes: number): void {
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range = `bytes ${start}-${corpus.length - 1}/${corpus.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    etag: '"v1"',
    "content-length": corpus.length - start,
    ...(start > 0 ? { "content-range": range } : {}),
  });
  response.write(corpus.subarray(start, start + bytes), () => response.destroy());
}

it("reads a file by its address, its format from the name, with progress up to the total", async () => {
  const { address, requests } = await serve((request, response) => sendRange(corpus, request, response));
  const seen: number[] = [];
  const onProgress = ({ bytesRead }: { bytesRead: number }) => seen.push(bytesRead);
  const { documents, report } = await readAll(`${address}/corpus.jsonl?token=x`, { onProgress });
  expect(documents).toHaveLength(20_000);
  expect(documents.at(-1)).toEqual({ id: "19999", text: "document 19999" });
  expect(report).toMatchObject({ bytesRead: corpus.length, totalBytes: corpus.length });
  expect(seen.at(-1)).toBe(corpus.length);
  expect(requests).toEqual(["bytes=0-0", "all"]);
});

it("goes on where connections were cut, and waits while the server is busy", async () => {
  const { address, requests } = await serve((request, response, count) => {
    if (count === 0) sendRange(corpus, request, response);
    else if (count % 2 === 1) sendAndCut(request, response, 150_000);
    else response.writeHead(503, { "retry-after": "0" }).end();
  });
  const { documents } = await readAll(`${address}/corpus.jsonl`, { http });
  expect(documents.map(({ id }) => id)).toEqual(lines.map((_, index) => String(index)));
  expect(requests.length).toBeGreaterThan(4);
  expect(requests.slice(2)).not.toContain("all");
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
  for (const request of requests.slice(2)) expect(request).toMatch(/^bytes=\d+-\d+$/);
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
