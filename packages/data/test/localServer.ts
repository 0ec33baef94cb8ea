// HTTP servers on this machine for tests of what is read over the network.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server that runs until the test ends; `handler` is told how many requests came before. */
export async function serve(
  handler: Handler,
): Promise<{ readonly address: string; readonly requests: { readonly url: string; readonly range: string }[] }> {
  const requests: { url: string; range: string }[] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? "", range: request.headers.range ?? "all" });
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
export function sendRange(body: Buffer, request: IncomingMessage, response: ServerResponse, etag = '"v1"'): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(range?.[2] ? Number(range[2]) + 1 : body.length, body.length);
  const headers = { etag, "content-length": end - start };
  if (range) response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${end - 1}/${body.length}` });
  else response.writeHead(200, headers);
  response.end(body.subarray(start, end));
}

/** Promises the range asked for, sends at most `bytes` of it, and breaks the connection. */
export function sendAndCut(
  body: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, etag = '"v1"' }: { readonly bytes: number; readonly etag?: string },
): void {
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range = `bytes ${start}-${body.length - 1}/${body.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    etag,
    "content-length": body.length - start,
    ...(start > 0 ? { "content-range": range } : {}),
  });
  response.write(body.subarray(start, start + bytes), () => response.destroy());
}
