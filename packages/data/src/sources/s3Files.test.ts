import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { sendAndCut, sendRange, serve } from "../../test/localServer.ts";
import { expected, failure, fixture, readAll } from "../../test/sourceFixtures.ts";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const lines = (name: string, count: number) =>
  Buffer.from(Array.from({ length: count }, (_, index) => `{"text":"${name} ${index}"}\n`).join(""));

const objects: Readonly<Record<string, Buffer>> = {
  "corpus/a b+c (1).jsonl": lines("a", 3),
  "corpus/ü/b.jsonl.gz": gzipSync(lines("b", 2)),
  "corpus/rows.parquet": readFileSync(fixture("rows.zstd.parquet")),
  "corpus/notes.unknown": Buffer.from("x"),
  "long.jsonl": lines("long", 30_000),
};

beforeEach(() => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"])
    vi.stubEnv(name, "");
  return () => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  };
});

interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The signature that AWS's documentation prescribes ("Signature Calculations: Authorization Header"). */
function signature(request: SignedRequest, secret: string): string | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=/.exec(
      request.headers.authorization ?? "",
    );
  if (!match) return undefined;
  const [, day = "", region = "", signed = ""] = match;
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const path = request.path
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
  const query = [...request.query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
  const headers = signed
    .split(";")
    .map((name) => `${name}:${(request.headers[name] ?? "").trim()}\n`)
    .join("");
  const canonical = [request.method, path, query, headers, signed, request.headers["x-amz-content-sha256"]].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = createHash("sha256").update(canonical).digest("hex");
  const text = `AWS4-HMAC-SHA256\n${request.headers["x-amz-date"]}\n${scope}\n${hash}`;
  const hmac = (key: string | Buffer, value: string) => createHmac("sha256", key).update(value).digest();
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, text).toString("hex");
}

function isSigned(request: IncomingMessage): boolean {
  const url = new URL(request.url ?? "", "http://x");
  const headers = request.headers as Record<string, string | undefined>;
  const expectedSignature = signature(
    { method: request.method ?? "", path: url.pathname, query: url.searchParams, headers },
    keys.secretAccessKey,
  );
  return expectedSignature !== undefined && (headers.authorization ?? "").endsWith(`Signature=${expectedSignature}`);
}

/** Lists as ListObjectsV2 does, two keys a page, and sends objects. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", "http://x");
  if (!url.pathname.startsWith("/bucket/")) response.writeHead(404).end();
  else if (url.searchParams.get("list-type") === "2") sendList(url.searchParams, response);
  else {
    const key = decodeURIComponent(url.pathname.slice("/bucket/".length));
    const body = objects[key];
    if (body) sendRange(body, request, response, `"${key.length}"`);
    else response.writeHead(404).end();
  }
}

function sendList(query: URLSearchParams, response: ServerResponse): void {
  const encode = (key: string) => encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
  const found = Object.keys(objects)
    .filter((key) => key.startsWith(query.get("prefix") ?? ""))
    .sort();
  const start = Number(query.get("continuation-token") ?? 0);
  const contents = found.slice(start, start + 2).map((key) => {
    const size = objects[key]?.length;
    return `<Contents><Key>${encode(key)}</Key><ETag>&quot;${key.length}&quot;</ETag><Size>${size}</Size></Contents>`;
  });
  const more = start + 2 < found.length ? `<NextContinuationToken>${start + 2}</NextContinuationToken>` : "";
  response.end(
    `<?xml version="1.0"?><ListBucketResult><Name>bucket</Name>${more}${contents.join("")}</ListBucketResult>`,
  );
}

describe("the signature check of this test", () => {
  it("gives what AWS's documentation gives for its example of getting an object", () => {
    const headers = {
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=",
      host: "examplebucket.s3.amazonaws.com",
      range: "bytes=0-9",
      "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "x-amz-date": "20130524T000000Z",
    };
    const request = { method: "GET", path: "/test.txt", query: new URLSearchParams(), headers };
    expect(signature(request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")).toBe(
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
  });
});

describe("objects of a bucket", () => {
  const signedOnly = (request: IncomingMessage, response: ServerResponse) => {
    if (isSigned(request)) answer(request, response);
    else
      response
        .writeHead(403)
        .end("<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match.</Message></Error>");
  };

  it("lists a folder over several pages and reads each object, signed, odd names and Parquet's ranges too", async () => {
    const { address } = await serve(signedOnly);
    const options = { s3: { endpoint: address, region: "eu-west-1", credentials: keys } };
    const { documents, report } = await readAll("s3://bucket/corpus/", options);
    expect(documents.map(({ text }) => text)).toEqual([
      "a 0",
      "a 1",
      "a 2",
      ...expected.parquet.map(({ text }) => text),
      "b 0",
      "b 1",
    ]);
    expect(documents[0]?.id).toBe("s3://bucket/corpus/a b+c (1).jsonl:1");
    expect(report.bytesRead).toBe(report.totalBytes);
  });

  it("reads patterns, single objects, and keys that a function gives", async () => {
    const { address } = await serve(signedOnly);
    const options = { s3: { endpoint: address, credentials: async () => keys } };
    expect((await readAll("s3://bucket/**/*.jsonl.gz", options)).documents).toHaveLength(2);
    expect((await readAll("s3://bucket/corpus/a b+c (1).jsonl", options)).documents).toHaveLength(3);
    expect((await failure("s3://bucket/corpus/*.csv", options)).message).toContain("no object of a known kind");
    expect((await failure("s3://nothing/*", options)).message).toContain("there is no such bucket");
    expect((await failure("s3://bucket/none.jsonl", options)).message).toMatch(
      /none\.jsonl: could not be read: HTTP 404/,
    );
    expect((await failure("s3://", options)).message).toContain("expected s3://bucket/key");
  });

  it("refuses wrong keys with advice, and reads public buckets without keys", async () => {
    const guarded = await serve(signedOnly);
    const wrong = { endpoint: guarded.address, credentials: { ...keys, secretAccessKey: "wrong" } };
    expect((await failure("s3://bucket/long.jsonl", { s3: wrong })).message).toMatch(
      /HTTP 403: The signature does not match\. \(check .* permissions/,
    );
    const open = await serve((request, response) => {
      if (request.headers.authorization) response.writeHead(400).end();
      else answer(request, response);
    });
    expect((await readAll("s3://bucket/long.jsonl", { s3: { endpoint: open.address } })).documents).toHaveLength(
      30_000,
    );
  });

  it("reads one object of a bucket that may not be listed", async () => {
    const { address } = await serve((request, response) => {
      if (request.url?.includes("list-type")) response.writeHead(403).end();
      else signedOnly(request, response);
    });
    const options = { s3: { endpoint: address, credentials: keys } };
    expect((await readAll("s3://bucket/long.jsonl", options)).documents).toHaveLength(30_000);
  });

  it("takes keys, region and endpoint from the environment, and tells of a bucket that lies elsewhere", async () => {
    const { address } = await serve(signedOnly);
    vi.stubEnv("AWS_ACCESS_KEY_ID", keys.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", keys.secretAccessKey);
    vi.stubEnv("AWS_SESSION_TOKEN", "token");
    vi.stubEnv("AWS_ENDPOINT_URL", address);
    expect((await readAll("s3://bucket/long.jsonl")).documents).toHaveLength(30_000);
    const elsewhere = await serve((_, response) =>
      response.writeHead(301, { "x-amz-bucket-region": "eu-west-3" }).end(),
    );
    const message = (await failure("s3://bucket/a.jsonl", { s3: { endpoint: elsewhere.address } })).message;
    expect(message).toContain("HTTP 301 (the bucket is in region eu-west-3)");
  });

  it("names the bucket where the service looks for it", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", (address: string) => {
      asked.push(address.slice(0, address.indexOf("?")));
      return Promise.resolve(new Response("<ListBucketResult/>"));
    });
    for (const [bucket, s3] of [
      ["one", {}],
      ["two.dots", { region: "eu-west-1" }],
      ["three", { pathStyle: true }],
      ["four", { endpoint: "https://minio.example:9000/s3/" }],
      ["five", { endpoint: "https://oss.example", pathStyle: false }],
    ] as const) {
      await expect(readAll(`s3://${bucket}`, { s3 })).rejects.toThrow("no object of a known kind");
    }
    expect(asked).toEqual([
      "https://one.s3.us-east-1.amazonaws.com/",
      "https://s3.eu-west-1.amazonaws.com/two.dots/",
      "https://s3.us-east-1.amazonaws.com/three/",
      "https://minio.example:9000/s3/four/",
      "https://five.oss.example/",
    ]);
  });

  it("goes on where connections were cut and while the service is busy, signing each request anew", async () => {
    const { address, requests } = await serve((request, response, count) => {
      if (!isSigned(request)) response.writeHead(403).end();
      else if (count % 3 === 1) response.writeHead(503).end();
      else if (request.url?.includes("list-type")) answer(request, response);
      else sendAndCut(objects["long.jsonl"] as Buffer, request, response, { bytes: 200_000, etag: '"10"' });
    });
    const options = { s3: { endpoint: address, credentials: keys }, http: { retryDelay: 1 } };
    const { documents } = await readAll("s3://bucket/long.jsonl", options);
    expect(documents).toHaveLength(30_000);
    expect(documents.at(-1)?.text).toBe("long 29999");
    expect(requests.length).toBeGreaterThan(5);
  });
});
