// Reads a request's JSON body within a limit of bytes.
import { ApiError } from "./apiError.ts";

/** @throws ApiError 413 for a body above `maxBytes`, 400 for one that is not JSON in UTF-8 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const bytes = await readBytes(request, maxBytes);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError("request body: expected JSON in UTF-8, got bytes that are not UTF-8", { status: 400 });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const got = text === "" ? "nothing" : (error as Error).message;
    throw new ApiError(`request body: expected JSON, got ${got}`, { status: 400, code: "invalid_json" });
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new ApiError(
      `request body: expected at most ${maxBytes} bytes, got more (send a shorter prompt, or fewer at once)`,
      {
        status: 413,
        code: "request_too_large",
      },
    );
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    // The header may be missing: the bytes are what counts.
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
