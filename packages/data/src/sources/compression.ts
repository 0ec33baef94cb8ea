// Compressions of input files: told from the name's last extension, undone as a stream.
import { unbzip2 } from "./bzip2.ts";
import type { DecompressOptions } from "./decompression.ts";
import { gunzip } from "./gzipMembers.ts";
import { unzstd } from "./zstdFrames.ts";

/** How a file's bytes are compressed. */
export type Compression = "none" | "gzip" | "zstd" | "bzip2";

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

const decoders = { gzip: gunzip, zstd: unzstd, bzip2: unbzip2 };

/**
 * The decompressed bytes; several compressed members or frames in a row are one stream.
 * @throws CompressionError for truncated or damaged data.
 */
export function decompress(
  chunks: AsyncIterable<Buffer>,
  compression: Exclude<Compression, "none">,
  options: DecompressOptions,
): AsyncGenerator<Buffer> {
  return decoders[compression](chunks, options);
}
