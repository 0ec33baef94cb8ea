// The files of a zip archive, found through its directory at the end and read in ranges, with their checksums held against them.
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { type Entry, fromRandomAccessReader, getFileNameLowLevel, RandomAccessReader, type ZipFile } from "yauzl";
import { expansionError } from "../byteChunks.ts";
import { DataError, FormatError, systemReason } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { type ArchiveEntry, harmlessPath } from "./archiveEntry.ts";
import { type ByteSource, readRange } from "./byteSource.ts";
import { mebibyte, type ReadingContext } from "./readOptions.ts";

// Whatever its ratio, a file of this size is not what fills a memory.
const freeExpansionBytes = 64 * mebibyte;
const windowBytes = mebibyte;

/**
 * The files of the archive, in the order of its directory. Files that are encrypted or compressed in an unknown way are
 * skipped or stop the reading, by policy.
 * @throws FormatError for what is no zip archive, or is cut; DataError for one that cannot be read in ranges.
 */
export async function* zipEntries(file: InputFile, context: ReadingContext): AsyncGenerator<ArchiveEntry> {
  const source = await context.open(file);
  if (source.size === undefined || file.compression !== "none") {
    const problem = source.size === undefined ? "the server does not tell its size" : `it is compressed as a whole`;
    throw new DataError(`${file.path}: zip is read in ranges, but ${problem} (download or decompress it first)`);
  }
  const growth = new Growth(file.path, source.size, context.options.maxExpansion ?? 200);
  let counted = 0;
  const count = (bytes: number): void => {
    const within = Math.min(bytes, (source.size ?? 0) - counted);
    counted += within;
    context.advance(within);
  };
  try {
    const zip = await openZip(source, source.size, context.options.signal);
    for await (const entry of zip.eachEntry()) {
      const path = entryPath(entry);
      if (!/[\\/]$/.test(rawName(entry))) {
        const problem = unreadable(entry);
        if (problem) context.skipOrThrow(new FormatError({ file: `${file.path}/${path}` }, ...problem));
        else yield { path, size: entry.uncompressedSize, stream: () => entryBytes(zip, entry, file.path, growth) };
      }
      count(entry.compressedSize);
    }
    count(source.size);
  } catch (error) {
    context.options.signal?.throwIfAborted();
    throw zipFault(error, file.path);
  }
}

interface Window {
  readonly start: number;
  readonly bytes: Buffer;
}

/** Gives ranges from windows that are read at once: one goes along the directory, another along the files. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  readonly #size: number;
  readonly #signal: AbortSignal | undefined;
  /** The latest used comes last. */
  #windows: readonly Window[] = [];

  constructor(source: ByteSource, size: number, signal: AbortSignal | undefined) {
    super();
    this.#source = source;
    this.#size = size;
    this.#signal = signal;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#range(start, end), { objectMode: false });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#bytes(position, position + length).then(
      (bytes) => {
        bytes.copy(buffer, offset);
        callback(null);
      },
      (error: Error) => callback(error),
    );
  }

  async *#range(start: number, end: number): AsyncGenerator<Buffer> {
    if (end - start > windowBytes) yield* this.#source.read(start, end, this.#signal);
    else yield await this.#bytes(start, end);
  }

  async #bytes(start: number, end: number): Promise<Buffer> {
    let window = this.#windows.find(({ start: from, bytes }) => start >= from && end <= from + bytes.length);
    if (window === undefined) {
      const windowEnd = Math.min(Math.max(start + windowBytes, end), this.#size);
      window = { start, bytes: await readRange(this.#source, start, windowEnd, this.#signal) };
    }
    const used = window;
    this.#windows = [...this.#windows.filter((other) => other !== used).slice(-1), used];
    return used.bytes.subarray(start - used.start, end - used.start);
  }
}

function openZip(source: ByteSource, size: number, signal: AbortSignal | undefined): Promise<ZipFile> {
  // Names are decoded here: yauzl would refuse the whole archive for one that leads out of it.
  const options = { lazyEntries: true, autoClose: true, decodeStrings: false, validateEntrySizes: true };
  return new Promise((resolve, reject) => {
    fromRandomAccessReader(new SourceReader(source, size, signal), size, options, (error, zip) => {
      if (error) reject(error);
      else resolve(zip);
    });
  });
}

function rawName(entry: Entry): string {
  // Typed as text; with decodeStrings off it is the raw bytes.
  const bytes = entry.fileName as unknown as Buffer;
  return getFileNameLowLevel(entry.generalPurposeBitFlag, bytes, entry.extraFields, false);
}

function entryPath(entry: Entry): string {
  return harmlessPath(rawName(entry));
}

function unreadable(entry: Entry): [reason: string, detail: string] | undefined {
  if (entry.isEncrypted()) return ["encrypted zip", "the file needs a password (unpack it yourself)"];
  if (entry.canDecodeFileData()) return undefined;
  const detail = `compression method ${entry.compressionMethod} is not deflate (pack it again without it)`;
  return ["unknown zip compression", detail];
}

async function* entryBytes(zip: ZipFile, entry: Entry, archive: string, growth: Growth): AsyncGenerator<Buffer> {
  const file = `${archive}/${entryPath(entry)}`;
  let checksum = 0;
  let length = 0;
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      const bytes = chunk as Buffer;
      length += bytes.length;
      growth.add(bytes.length, entry.compressedSize, length);
      checksum = crc32(bytes, checksum);
      yield bytes;
    }
  } catch (error) {
    throw zipFault(error, file);
  }
  if (checksum === entry.crc32) return;
  throw new FormatError({ file }, "damaged zip", "the checksum does not fit the bytes (copy or download it again)");
}

/** Watches what comes out of an archive, also where many entries share the same compressed bytes. */
class Growth {
  readonly #archive: string;
  readonly #stored: number;
  readonly #maxExpansion: number;
  #produced = 0;

  constructor(archive: string, stored: number, maxExpansion: number) {
    this.#archive = archive;
    this.#stored = stored;
    this.#maxExpansion = maxExpansion;
  }

  add(bytes: number, entryStored: number, entryProduced: number): void {
    this.#produced += bytes;
    this.#check(entryStored, entryProduced);
    this.#check(this.#stored, this.#produced);
  }

  #check(stored: number, produced: number): void {
    if (produced <= freeExpansionBytes || produced <= stored * this.#maxExpansion) return;
    throw expansionError(this.#archive, stored, produced, this.#maxExpansion);
  }
}

function zipFault(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (DataError.isInstance(error) || (typeof code === "string" && !code.startsWith("Z_"))) return error;
  const detail = `${systemReason(error)} (is it a zip archive, and whole? copy or download it again)`;
  return new FormatError({ file }, "damaged zip", detail, { cause: error });
}
