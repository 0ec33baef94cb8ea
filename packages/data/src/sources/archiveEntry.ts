// A file in an archive, and names made harmless: nothing is written to disk, but names travel on in ids and metadata.

/** A file in a folder or archive. */
export interface ArchiveEntry {
  /** Path within the folder or archive, with forward slashes, without `..` or a root. */
  readonly path: string;
  readonly size: number;
  /** Its bytes, decompressed. To be taken before the next entry is asked for. */
  stream(): AsyncIterable<Buffer>;
}

/** A path that stays below wherever it is put: `../../etc/passwd` becomes `etc/passwd`. */
export function harmlessPath(name: string): string {
  const parts = name.replaceAll("\0", "").split(/[\\/]/);
  return parts.filter((part) => part !== "" && part !== "." && part !== ".." && !/^[a-z]:$/i.test(part)).join("/");
}
