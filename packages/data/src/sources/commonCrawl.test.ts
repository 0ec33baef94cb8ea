import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { sendAndCut, sendRange, serve } from "../../test/localServer.ts";
import { collections, expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";
import { commonCrawlFiles, commonCrawlPages } from "./commonCrawl.ts";

const crawl = "CC-MAIN-2024-10";
const warc = readFileSync(fixture("crawl.warc.gz"));
const wet = readFileSync(fixture("crawl.warc.wet.gz"));
const warcPath = "crawl-data/CC-MAIN-2024-10/segments/1/warc/a.warc.gz";
const captures = collections.crawlIndex.map((capture, index) => ({
  ...capture,
  filename: warcPath,
  languages: index === 1 ? "jpn" : "eng,deu",
}));

/** The index (two captures a page, as CDXJ over HTTP) and the files of a crawl on one server. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", "http://x");
  if (url.pathname === `/${crawl}-index`) sendIndex(url.searchParams, response);
  else if (url.pathname === `/${warcPath}`) sendRange(warc, request, response);
  else if (url.pathname.endsWith(".wet.gz")) sendRange(wet, request, response);
  else if (url.pathname === `/crawl-data/${crawl}/wet.paths.gz`) {
    const paths = Array.from({ length: 5 }, (_, index) => `crawl-data/${crawl}/wet/${index}.warc.wet.gz\n`);
    sendRange(gzipSync(paths.join("")), request, response);
  } else response.writeHead(404).end();
}

function sendIndex(query: URLSearchParams, response: ServerResponse): void {
  const found = query.get("url") === "*.example.org" ? captures.filter(({ status }) => status === "200") : [];
  const page = Number(query.get("page") ?? 0);
  if (found.length === 0) response.writeHead(404).end('{"message": "No Captures found"}');
  else if (query.get("showNumPages")) response.end(JSON.stringify({ pages: Math.ceil(found.length / 2) }));
  else
    response.end(
      found
        .slice(page * 2, page * 2 + 2)
        .map((capture) => `${JSON.stringify(capture)}\n`)
        .join(""),
    );
}

it("fetches the records of pages that the index names, and only their bytes", async () => {
  const { address, requests } = await serve(answer);
  const endpoints = { dataEndpoint: address, indexEndpoint: address };
  const pages = commonCrawlPages({ crawl, url: "*.example.org", ...endpoints });
  const { documents, report } = await readAll(pages);
  expect(documents.map(({ metadata }) => metadata?.url)).toEqual(
    ["utf8", "japanese", "latin", "chunked"].map((name) => `https://example.org/${name}`),
  );
  expect(documents[1]?.text).toContain("日本語の文");
  expect(report.bytesRead).toBe(report.totalBytes);
  const ranges = requests.filter(({ url }) => url === `/${warcPath}`).map(({ range }) => range);
  expect(ranges[0]).toBe(`bytes=227-${227 + 351 - 1}`);
  expect(ranges).toHaveLength(4);
});

it("takes pages by language, media type and number, and says where there are none", async () => {
  const { address } = await serve(answer);
  const endpoints = { crawl, dataEndpoint: address, indexEndpoint: address };
  const urls = async (options: object) =>
    (await readAll(commonCrawlPages({ url: "*.example.org", ...endpoints, ...options }))).documents.map(
      ({ metadata }) => metadata?.url,
    );
  expect(await urls({ languages: ["jpn"] })).toEqual(["https://example.org/japanese"]);
  expect(await urls({ mediaTypes: ["text/plain"] })).toEqual(["https://example.org/plain"]);
  expect(await urls({ limit: 2 })).toHaveLength(2);
  const nothing = commonCrawlPages({ url: "nothing.test", ...endpoints });
  expect((await failure(nothing)).message).toContain("nothing.test: expected files there, found none");
  expect(() => commonCrawlPages({ url: "x", crawl: "../secret" })).toThrow(/crawl: expected a name such as/);
  expect(() => commonCrawlFiles({ crawl, kind: "wet", count: -1 })).toThrow(/count: expected a whole number .* got -1/);
});

it("goes on while the servers are busy and where connections are cut", async () => {
  const { address, requests } = await serve((request, response, count) => {
    if (count % 2 === 0) response.writeHead(503, { "retry-after": "0" }).end();
    else if (request.url === `/${warcPath}`) sendAndCut(warc, request, response, { bytes: 150 });
    else answer(request, response);
  });
  const pages = commonCrawlPages({ crawl, url: "*.example.org", dataEndpoint: address, indexEndpoint: address });
  const { documents } = await readAll(pages, { http: { retryDelay: 1 } });
  expect(documents).toHaveLength(4);
  expect(requests.length).toBeGreaterThan(20);
});

it("reads the WET files that a crawl's list names, each opened when its turn comes", async () => {
  const { address, requests } = await serve(answer);
  const files = commonCrawlFiles({ crawl, kind: "wet", start: 1, count: 2, dataEndpoint: address });
  const { documents, report } = await readAll(files);
  expect(documents).toHaveLength(2 * expected.sentences.length);
  expect(report).toMatchObject({ files: 2, bytesRead: 2 * wet.length, totalBytes: 2 * wet.length });
  expect(requests.map(({ url }) => url).filter((url) => url.endsWith("/0.warc.wet.gz"))).toEqual([]);
});
