// What a general-purpose compressor makes of a text: a mark that needs no tokenizer and no training.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { EvaluationError } from "../errors.ts";

const compress = promisify(gzip);

/**
 * Bits per byte of `text` under gzip at its best level. It sees nothing but the text itself (no training data), of which it
 * remembers 32 KiB.
 * @throws EvaluationError for an empty text.
 */
export async function gzipBitsPerByte(text: string | Uint8Array): Promise<number> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  if (bytes.length === 0) throw new EvaluationError("gzipBitsPerByte: the text is empty");
  const compressed = await compress(bytes, { level: 9 });
  return (compressed.length * 8) / bytes.length;
}
