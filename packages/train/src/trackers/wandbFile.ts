// The file of an offline run of Weights & Biases: a LevelDB log (blocks of 32 KiB, records cut at their ends) behind a header of seven
// bytes; each record is a `Record` of wandb_internal.proto.
import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";

const blockSize = 32768;
const headerSize = 7;
const fileHeader = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);
/** Kinds of fragments. */
const [full, first, middle, last] = [1, 2, 3, 4];

/** A record and where it lies. */
export interface StoredRecord {
  readonly data: Uint8Array;
  /** Offset of the first byte after it. */
  readonly end: number;
}

export class WandbFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #end: number;

  private constructor(path: string, handle: FileHandle, end: number) {
    this.path = path;
    this.#handle = handle;
    this.#end = end;
  }

  static async create(path: string): Promise<WandbFile> {
    const handle = await open(path, "wx+");
    await handle.write(fileHeader, 0, fileHeader.length, 0);
    return new WandbFile(path, handle, fileHeader.length);
  }

  /** Opens a file to go on writing it, behind its last whole record. */
  static async open(path: string): Promise<{ file: WandbFile; records: StoredRecord[] }> {
    const handle = await open(path, "r+");
    const records = recordsOf(await handle.readFile());
    const file = new WandbFile(path, handle, records.at(-1)?.end ?? fileHeader.length);
    await file.truncate(file.end);
    return { file, records };
  }

  /** Offset behind the last record. */
  get end(): number {
    return this.#end;
  }

  async append(record: Uint8Array): Promise<void> {
    const framed = frame(record, this.#end);
    await this.#handle.write(framed, 0, framed.length, this.#end);
    this.#end += framed.length;
  }

  /** Takes back everything from an offset on that is the end of a record. */
  async truncate(offset: number): Promise<void> {
    await this.#handle.truncate(offset);
    this.#end = offset;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** A record as it stands in the file from `offset` on. */
function frame(record: Uint8Array, offset: number): Buffer {
  const parts: Uint8Array[] = [];
  let position = 0;
  do {
    const left = blockSize - (offset % blockSize);
    if (left < headerSize) {
      parts.push(new Uint8Array(left));
      offset += left;
      continue;
    }
    const length = Math.min(record.length - position, left - headerSize);
    const [begins, ends] = [position === 0, position + length === record.length];
    const kind = begins ? (ends ? full : first) : ends ? last : middle;
    const fragment = record.subarray(position, position + length);
    const header = Buffer.alloc(headerSize);
    header.writeUInt32LE(checksumOf(kind, fragment), 0);
    header.writeUInt16LE(length, 4);
    header.writeUInt8(kind, 6);
    parts.push(header, fragment);
    position += length;
    offset += headerSize + length;
  } while (position < record.length);
  return Buffer.concat(parts);
}

function checksumOf(kind: number, fragment: Uint8Array): number {
  return crc32(Buffer.concat([Uint8Array.of(kind), fragment]));
}

/** The whole records of a file, up to the first that is damaged or was cut off. */
function recordsOf(bytes: Buffer): StoredRecord[] {
  const records: StoredRecord[] = [];
  let fragments: Buffer[] = [];
  let offset = fileHeader.length;
  while (offset + headerSize <= bytes.length) {
    const left = blockSize - (offset % blockSize);
    if (left < headerSize) {
      offset += left;
      continue;
    }
    const length = bytes.readUInt16LE(offset + 4);
    const kind = bytes.readUInt8(offset + 6);
    const fragment = bytes.subarray(offset + headerSize, offset + headerSize + length);
    if (fragment.length < length || checksumOf(kind, fragment) !== bytes.readUInt32LE(offset)) break;
    offset += headerSize + length;
    fragments.push(fragment);
    if (kind === full || kind === last) {
      records.push({ data: Buffer.concat(fragments), end: offset });
      fragments = [];
    }
  }
  return records;
}
