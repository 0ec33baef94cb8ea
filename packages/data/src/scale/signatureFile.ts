// The signatures of a shard's documents as a Parquet file: a digest of the text, and of each MinHash band its hashes. A band is a
// column, so that the search reads no more than it compares.
import { hash } from "node:crypto";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { AtomicFile } from "../atomicFile.ts";
import type { Document } from "../document.ts";
import { Minhasher, type MinhashOptions } from "../filters/minhash.ts";

const rowsPerGroup = 4096;
const digestBytes = 16;

/** The name of a band's column. */
export function bandColumn(band: number): string {
  return `band${band}`;
}

type Column = (Uint8Array | undefined)[];

/** A file of signatures being written. */
export class SignatureFile {
  readonly #file: AtomicFile;
  readonly #hasher: Minhasher | undefined;
  readonly #shard: number;
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  #digests: Column = [];
  #bands: Column[];

  private constructor(file: AtomicFile, shard: number, hasher: Minhasher | undefined) {
    this.#file = file;
    this.#shard = shard;
    this.#hasher = hasher;
    this.#bands = emptyBands(hasher);
    const bytes = { type: "FIXED_LEN_BYTE_ARRAY" } as const;
    const bandBytes = (hasher?.hashesPerBucket ?? 0) * 8;
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      codec: "UNCOMPRESSED",
      statistics: false,
      schema: [
        { name: "root", num_children: 2 + this.#bands.length },
        { name: "shard", type: "INT32", repetition_type: "REQUIRED" },
        { name: "digest", ...bytes, type_length: digestBytes, repetition_type: "REQUIRED" },
        ...this.#bands.map((_, band) => ({
          name: bandColumn(band),
          ...bytes,
          type_length: bandBytes,
          repetition_type: "OPTIONAL" as const,
        })),
      ],
    });
  }

  /** Writes the signatures of all documents; a text with fewer words than a shingle has no bands. */
  static async write(
    documents: AsyncIterable<Document>,
    path: string,
    { shard, near }: { readonly shard: number; readonly near: MinhashOptions | undefined },
  ): Promise<void> {
    const file = await AtomicFile.create(path);
    try {
      const signatures = new SignatureFile(file, shard, near && new Minhasher(near));
      for await (const { text } of documents) await signatures.#add(text);
      await signatures.#flush();
      signatures.#parquet.finish();
      await signatures.#writeOut();
      await file.commit();
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  async #add(text: string): Promise<void> {
    this.#digests.push(new Uint8Array(hash("sha256", text, "buffer").subarray(0, digestBytes)));
    const signature = this.#hasher?.signature(text);
    const words = (this.#hasher?.hashesPerBucket ?? 0) * 2;
    for (const [band, column] of this.#bands.entries()) {
      column.push(signature && bigEndianBytes(signature.subarray(band * words, (band + 1) * words)));
    }
    if (this.#digests.length === rowsPerGroup) await this.#flush();
  }

  async #flush(): Promise<void> {
    const count = this.#digests.length;
    if (count === 0) return;
    const columns = [
      { name: "shard", data: new Int32Array(count).fill(this.#shard) },
      { name: "digest", data: this.#digests, encoding: "PLAIN" as const },
      ...this.#bands.map((data, band) => ({ name: bandColumn(band), data, encoding: "PLAIN" as const })),
    ];
    this.#parquet.write({ columnData: columns, rowGroupSize: count });
    this.#digests = [];
    this.#bands = emptyBands(this.#hasher);
    await this.#writeOut();
  }

  async #writeOut(): Promise<void> {
    await this.#file.write(this.#bytes.getBytes());
    // The offset goes on counting, the buffer starts anew.
    this.#bytes.index = 0;
  }
}

function emptyBands(hasher: Minhasher | undefined): Column[] {
  return Array.from({ length: hasher?.buckets ?? 0 }, () => []);
}

/** Compared byte by byte these are in the order of the numbers. */
function bigEndianBytes(words: Uint32Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(words.length * 4);
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, i * 4);
  return bytes;
}
