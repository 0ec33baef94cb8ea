import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { beforeEach, expect, it, vi } from "vitest";
import { sendAndCut, sendRange, serve } from "../../test/localServer.ts";
import { expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const converted = "fedcba9876543210fedcba9876543210fedcba98";
const table = readFileSync(fixture("rows.zstd.parquet"));
const files: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
  [commit]: {
    "README.md": Buffer.from("---\nlicense: mit\n---\n# Card"),
    "data/train-00000.jsonl.gz": gzipSync('{"text":"one"}\n{"text":"two"}\n'),
    "data/train 00001.jsonl": Buffer.from('{"text":"three"}\n'),
    "data/test.jsonl": Buffer.from('{"text":"test"}\n'),
  },
  [converted]: { "default/train/0000.parquet": table },
};
const revisions: Readonly<Record<string, string>> = {
  main: commit,
  [commit]: commit,
  "refs/convert/parquet": converted,
};

/** Answers as the hub's API does: commit of a revision, files of a commit two a page, and the files over a redirect. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", `http://${request.headers.host}`);
  const api = /^\/api\/datasets\/(?:owner\/)?sample\/(revision|tree)\/(.+)$/.exec(url.pathname);
  const revision = decodeURIComponent(api?.[2] ?? "");
  if (api?.[1] === "revision" && revisions[revision]) response.end(JSON.stringify({ sha: revisions[revision] }));
  else if (api?.[1] === "tree" && files[revision]) sendPage(files[revision], url, response);
  else {
    const [, place, sha = "", path = ""] =
      /^\/(datasets\/(?:owner\/)?sample\/resolve|cdn)\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
    const body = files[sha]?.[decodeURIComponent(path)];
    if (body === undefined) response.writeHead(404).end();
    else if (place === "cdn") sendRange(body, request, response);
    else response.writeHead(302, { location: `/cdn/${sha}/${path}` }).end();
  }
}

function sendPage(tree: Readonly<Record<string, Buffer>>, url: URL, response: ServerResponse): void {
  const start = Number(url.searchParams.get("cursor") ?? 0);
  const entries = Object.entries(tree).map(([path, { length }]) => ({ type: "file", path, size: length }));
  const all = [{ type: "directory", path: "data", size: 0 }, ...entries];
  url.searchParams.set("cursor", String(start + 2));
  if (start + 2 < all.length) response.setHeader("link", `<${url}>; rel="next"`);
  response.end(JSON.stringify(all.slice(start, start + 2)));
}

beforeEach(() => {
  vi.stubEnv("HF_TOKEN", "");
  return () => vi.unstubAllEnvs();
});

it("reads a data set: all files of known kinds but the card, sorted, at one commit", async () => {
  const { address, requests } = await serve(answer);
  const { documents, report } = await readAll("hf://datasets/owner/sample", { hub: { endpoint: address } });
  expect(documents.map(({ text }) => text)).toEqual(["test", "three", "one", "two"]);
  expect(documents[0]?.id).toBe(`hf://datasets/owner/sample@${commit}/data/test.jsonl:1`);
  expect(report.bytesRead).toBe(report.totalBytes);
  expect(requests.filter(({ url }) => url.includes("/resolve/main/"))).toEqual([]);
});

it("reads patterns, folders, single files and revisions; the hub's own conversion to Parquet", async () => {
  const { address } = await serve(answer);
  const options = { hub: { endpoint: address } };
  const texts = async (name: string) => (await readAll(name, options)).documents.map(({ text }) => text);
  expect(await texts("hf://datasets/owner/sample/data/train*")).toEqual(["three", "one", "two"]);
  expect(await texts(`hf://datasets/owner/sample@${commit}/data/test.jsonl`)).toEqual(["test"]);
  expect(await texts("hf://datasets/owner/sample/data")).toHaveLength(4);
  expect(await texts("hf://datasets/sample")).toHaveLength(4);
  const rows = await texts("hf://datasets/owner/sample@~parquet");
  expect(rows).toEqual(expected.parquet.map(({ text }) => text));
});

it("goes on while the hub is busy and where connections are cut", async () => {
  const long = Buffer.from(Array.from({ length: 20_000 }, (_, index) => `{"text":"${index}"}\n`).join(""));
  const { address, requests } = await serve((request, response, count) => {
    const path = request.url ?? "";
    if (count % 2 === 0) response.writeHead(429, { "retry-after": "0" }).end();
    else if (path.includes("/revision/")) response.end(JSON.stringify({ sha: commit }));
    else if (path.includes("/tree/")) {
      response.end(JSON.stringify([{ type: "file", path: "a.jsonl", size: long.length }]));
    } else sendAndCut(long, request, response, { bytes: 100_000 });
  });
  const options = { hub: { endpoint: address }, http: { retryDelay: 1 } };
  const { documents } = await readAll("hf://datasets/owner/long", options);
  expect(documents).toHaveLength(20_000);
  expect(documents.at(-1)?.text).toBe("19999");
  expect(requests.length).toBeGreaterThan(6);
});

it("sends the token, and says what is missing", async () => {
  const { address } = await serve((request, response) => {
    if (request.headers.authorization === "Bearer hf_x") answer(request, response);
    else response.writeHead(401).end();
  });
  const hub = { endpoint: `${address}/`, token: "hf_x" };
  expect((await readAll("hf://datasets/owner/sample", { hub })).documents).toHaveLength(4);
  expect((await failure("hf://datasets/owner/sample", { hub: { endpoint: address } })).message).toContain("HTTP 401");
  vi.stubEnv("HF_TOKEN", "hf_x");
  vi.stubEnv("HF_ENDPOINT", address);
  expect((await readAll("hf://datasets/owner/sample")).documents).toHaveLength(4);
  expect((await failure("hf://datasets/owner/none", { hub })).message).toMatch(/no such data set .*HF_TOKEN/);
  expect((await failure("hf://datasets/owner/sample/x", { hub })).message).toMatch(
    /no file of a known kind .*README.md/,
  );
  expect((await failure("hf://models/x", { hub })).message).toContain("expected hf://datasets/owner/name");
});

it("follows a list's pages at its own hub only, and reads files whose size the list does not tell", async () => {
  const token = "Bearer hf_x";
  const elsewhere = await serve((_, response) => response.end("[]"));
  const { address } = await serve((request, response) => {
    const path = request.url ?? "";
    if (request.headers.authorization !== token) response.writeHead(401).end();
    else if (path.includes("/revision/")) response.end(JSON.stringify({ sha: commit }));
    else if (path.endsWith("cursor=2")) response.end(JSON.stringify([{ type: "file", path: "b.jsonl" }]));
    else if (path.includes("/tree/")) {
      response.setHeader("link", `<${elsewhere.address}${path}&cursor=2>; rel="next"`);
      response.end(JSON.stringify([{ type: "file", path: "a.jsonl" }]));
    } else sendRange(Buffer.from('{"text":"one"}\n'), request, response);
  });
  const { documents } = await readAll("hf://datasets/owner/any", { hub: { endpoint: address, token: "hf_x" } });
  expect(documents.map(({ text }) => text)).toEqual(["one", "one"]);
  expect(elsewhere.requests).toEqual([]);
});
