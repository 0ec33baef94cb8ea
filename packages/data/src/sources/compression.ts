// Compressions of input files: told from the name's last extension, undone as a stream, with a limit on the growth.
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress as ZstdDecompress, ZstdErrorCode } from "fzstd";
import { Bzip2Decoder } from "./bzip2.ts";
import { CompressionError, type StepDecoder } from "./compressionError.ts";

/** How a file's bytes are compressed. */
export type Compression = "none" | "gzip" | "zstd" | "bzip2";

const gunzipChunkBytes = 1 << 18;
// What one synchronous call of a decoder is given: it bounds what may pile up before anyone takes it.
const decoderChunkBytes = 1 << 16;
const zstdMaxWindowBytes = 1 << 27;

const compressionOfExtension = new Map<string, Compression>([
  ["gz", "gzip"],
  ["zst", "zstd"],
  ["bz2", "bzip2"],
]);
const tarOfExtension = new Map<string, Compression>([
  ["tgz", "gzip"],
  ["tzst", "zstd"],
  ["tbz2", "bzip2"],
]);

/** The endings of compressed files' names, without the dot. */
export const compressionExtensions: readonly string[] = [...compressionOfExtension.keys()];

/** The compression that a name's last extension tells, and the name without that extension (`.tgz` is `.tar.gz`). */
export function compressionOfName(name: string): { compression: Compression; inner: string } {
  const dot = name.lastIndexOf(".");
  const extension = dot === -1 ? "" : name.slice(dot + 1).toLowerCase();
  const tar = tarOfExtension.get(extension);
  if (tar) return { compression: tar, inner: `${name.slice(0, dot)}.tar` };
  const compression = compressionOfExtension.get(extension);
  return compression ? { compression, inner: name.slice(0, dot) } : { compression: "none", inner: name };
}

/**
 * The decompressed bytes; several compressed members or frames in a row are one stream.
 * @param onProduced told of every piece before it is kept; what it throws stops the stream.
 * @throws CompressionError for truncated or damaged data.
 */
export function decompress(
  chunks: AsyncIterable<Buffer>,
  compression: Exclude<Compression, "none">,
  onProduced: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  if (compression === "gzip") return gunzip(chunks, onProduced);
  const decoder = compression === "zstd" ? new ZstdDecoder(onProduced) : new Bzip2Decoder(onProduced);
  return decodeInSteps(chunks, decoder);
}

async function* gunzip(chunks: AsyncIterable<Buffer>, onProduced: (bytes: number) => void): AsyncGenerator<Buffer> {
  try {
    // The callback is only where pipeline insists on reporting; the same error reaches whoever reads the result.
    for await (const chunk of pipeline(chunks, createGunzip({ chunkSize: gunzipChunkBytes }), () => {})) {
      onProduced((chunk as Buffer).length);
      yield chunk as Buffer;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code !== "string" || !code.startsWith("Z_")) throw error;
    throw new CompressionError((error as Error).message, code === "Z_BUF_ERROR", { cause: error });
  }
}

async function* decodeInSteps(chunks: AsyncIterable<Buffer>, decoder: StepDecoder): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += decoderChunkBytes) {
      yield* decoder.push(chunk.subarray(start, start + decoderChunkBytes));
    }
  }
  yield* decoder.end();
}

class ZstdDecoder implements StepDecoder {
  readonly #decoder: ZstdDecompress;
  readonly #onProduced: (bytes: number) => void;
  #produced: Buffer[] = [];
  #head: Buffer | undefined = Buffer.alloc(0);

  constructor(onProduced: (bytes: number) => void) {
    this.#onProduced = onProduced;
    this.#decoder = new ZstdDecompress((data) => {
      if (data.length === 0) return;
      this.#onProduced(data.length);
      this.#produced.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    });
  }

  push(chunk: Buffer): readonly Buffer[] {
    this.#checkWindow(chunk);
    return this.#step(chunk, false);
  }

  end(): readonly Buffer[] {
    return this.#step(Buffer.alloc(0), true);
  }

  #step(chunk: Buffer, final: boolean): readonly Buffer[] {
    this.#produced = [];
    try {
      this.#decoder.push(chunk, final);
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      // Of damaged data the library also runs over the ends of its arrays.
      const isDamage = typeof code === "number" || error instanceof RangeError || error instanceof TypeError;
      if (!isDamage) throw error;
      throw new CompressionError((error as Error).message, code === ZstdErrorCode.UnexpectedEOF, { cause: error });
    }
    return this.#produced;
  }

  // The decoder reserves the window that the frame asks for; the limit is that of the zstd command line.
  #checkWindow(chunk: Buffer): void {
    if (this.#head === undefined) return;
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, 6)]);
    if (this.#head.length < 6) return;
    const [flags = 0, descriptor = 0] = this.#head.subarray(4);
    const isFrame = this.#head.readUInt32LE(0) === 0xfd2fb528;
    this.#head = undefined;
    const singleSegment = (flags & 0x20) !== 0;
    if (!isFrame || singleSegment) return;
    const base = 2 ** (10 + (descriptor >> 3));
    const window = base + (base / 8) * (descriptor & 7);
    if (window <= zstdMaxWindowBytes) return;
    throw new CompressionError(
      `the frame asks for a window of ${window} bytes, the limit is ${zstdMaxWindowBytes}`,
      false,
    );
  }
}
