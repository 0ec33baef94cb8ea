// Text files in other encodings than UTF-8, turned into UTF-8 as they stream.
import { FormatError } from "../errors.ts";

/** True for an encoding whose bytes are not UTF-8 already. */
export function isTranscoded(encoding: string | undefined): encoding is string {
  return encoding !== undefined && new TextDecoder(encoding).encoding !== "utf-8";
}

/**
 * The same text as UTF-8.
 * @param encoding a label of the Encoding standard, such as `"windows-1252"`, `"utf-16le"`, `"shift_jis"`.
 * @throws FormatError naming the first chunk's offset with bytes that are not `encoding`, unless they are to be replaced.
 */
export async function* transcode(
  chunks: AsyncIterable<Buffer>,
  encoding: string,
  file: string,
  replaceInvalid: boolean,
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: !replaceInvalid });
  let offset = 0;
  const decode = (chunk?: Buffer): Buffer => {
    try {
      return Buffer.from(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch (error) {
      const detail = `the bytes from here on are not ${encoding} (name the right encoding, or set invalidUtf8: "replace")`;
      throw new FormatError({ file, offset }, "invalid encoding", detail, { cause: error });
    }
  };
  for await (const chunk of chunks) {
    yield decode(chunk);
    offset += chunk.length;
  }
  yield decode();
}
