// One block of bzip2: Huffman codes, move-to-front, run lengths and the Burrows-Wheeler transform undone, on typed arrays.
// Stages and limits are those of bzip2 1.0 (Seward); its old "randomised" blocks are refused, as no version since 0.9.5 writes them.
import { type BitReader, Bzip2Fault, OutOfInput } from "./bitReader.ts";

const maxCodeLength = 20;
const fastBits = 11;
const groupSymbols = 50;
const maxSymbols = 258;

/** The codes of one Huffman group. */
interface HuffmanTable {
  /** For each start of `fastBits` bits: symbol × 32 + length, or 0 where the code is longer. */
  readonly fast: Uint16Array;
  /** By length: the first code that is longer than it, left-aligned to 20 bits. */
  readonly limit: Int32Array;
  /** By length: what to subtract from a code to get its place in `symbols`. */
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
}

/** Decodes blocks of one stream, with its memory kept from block to block. */
export class Bzip2BlockDecoder {
  readonly #maxBytes: number;
  readonly #links: Uint32Array;
  #output: Uint8Array;

  /** @param level the stream's block size in units of 100,000 bytes, 1 to 9. */
  constructor(level: number) {
    this.#maxBytes = level * 100_000;
    this.#links = new Uint32Array(this.#maxBytes);
    this.#output = new Uint8Array(this.#maxBytes + (this.#maxBytes >> 2));
  }

  /**
   * The bytes of the block that follows its 48-bit mark.
   * @throws Bzip2Fault for damaged data; OutOfInput where `bits` ends before the block does.
   */
  decode(bits: BitReader): { readonly bytes: Buffer; readonly checksum: number } {
    const checksum = bits.read(32);
    if (bits.read(1) === 1) throw new Bzip2Fault("a randomised block, which no bzip2 since 0.9.5 writes");
    const origin = bits.read(24);
    const usedBytes = readUsedBytes(bits);
    const selectors = new Uint8Array(18_002);
    const tableCount = bits.read(3);
    if (tableCount < 2 || tableCount > 6) throw new Bzip2Fault(`${tableCount} code tables`);
    const selectorCount = readSelectors(bits, tableCount, selectors);
    const tables = Array.from({ length: tableCount }, () => readTable(bits, usedBytes.length + 2));
    const counts = new Int32Array(256);
    const length = this.#readSymbols(bits, { usedBytes, tables, selectors, selectorCount, counts });
    if (origin >= length) throw new Bzip2Fault("the block's start lies outside of it");
    linkTransform(this.#links, length, counts);
    const bytes = this.#unwind(length, origin);
    if (blockChecksum(bytes) !== checksum) throw new Bzip2Fault("a block's checksum does not fit its bytes");
    return { bytes, checksum };
  }

  /** Fills the low bytes of `#links` with the transformed bytes; returns how many there are. */
  #readSymbols(bits: BitReader, { usedBytes, tables, selectors, selectorCount, counts }: BlockCodes): number {
    const links = this.#links;
    const maxBytes = this.#maxBytes;
    const endSymbol = usedBytes.length + 1;
    const order = Uint8Array.from(usedBytes);
    const { bytes, end } = bits;
    let length = 0;
    let runWeight = 1;
    let run = 0;
    for (let group = 0; group < selectorCount; group += 1) {
      const table = tables[selectors[group] as number] as HuffmanTable;
      const { fast } = table;
      let position = bits.position;
      for (let count = 0; count < groupSymbols; count += 1) {
        const at = position >>> 3;
        const word =
          ((bytes[at] as number) << 24) |
          ((bytes[at + 1] as number) << 16) |
          ((bytes[at + 2] as number) << 8) |
          (bytes[at + 3] as number);
        const code = (word << (position & 7)) >>> 12;
        let entry = fast[code >>> (maxCodeLength - fastBits)] as number;
        if (entry === 0) entry = longCode(table, code);
        position += entry & 31;
        // Zeros stand beyond the end: what is read from them is nothing, also where it looks like a fault.
        if (position > end || (entry === 0 && position + maxCodeLength > end)) throw new OutOfInput();
        if (entry === 0) throw new Bzip2Fault("a code that stands for nothing");
        const symbol = entry >>> 5;
        if (symbol <= 1) {
          run += runWeight << symbol;
          runWeight <<= 1;
          // A longer run than a block would also overflow the weight.
          if (run > maxBytes) throw new Bzip2Fault("a run longer than a block");
          continue;
        }
        if (run > 0) {
          const byte = order[0] as number;
          if (length + run > maxBytes) throw new Bzip2Fault("a block longer than its stream allows");
          counts[byte] = (counts[byte] as number) + run;
          links.fill(byte, length, length + run);
          length += run;
          run = 0;
          runWeight = 1;
        }
        if (symbol === endSymbol) {
          bits.moveTo(position);
          return length;
        }
        if (length >= maxBytes) throw new Bzip2Fault("a block longer than its stream allows");
        const place = symbol - 1;
        const byte = order[place] as number;
        for (let move = place; move > 0; move -= 1) order[move] = order[move - 1] as number;
        order[0] = byte;
        counts[byte] = (counts[byte] as number) + 1;
        links[length] = byte;
        length += 1;
      }
      bits.moveTo(position);
    }
    throw new Bzip2Fault("a block without an end");
  }

  /** Follows the links from the block's start and undoes the run lengths: four equal bytes are followed by a count. */
  #unwind(length: number, origin: number): Buffer {
    const links = this.#links;
    let output = this.#output;
    let written = 0;
    let repeats = 0;
    let previous = -1;
    let link = links[origin] as number;
    for (let left = length; left > 0; left -= 1) {
      link = links[link >>> 8] as number;
      const byte = link & 0xff;
      if (written + 256 > output.length) output = this.#grow();
      if (repeats === 4) {
        output.fill(previous, written, written + byte);
        written += byte;
        repeats = 0;
        previous = -1;
        continue;
      }
      repeats = byte === previous ? repeats + 1 : 1;
      previous = byte;
      output[written] = byte;
      written += 1;
    }
    return Buffer.from(output.subarray(0, written));
  }

  #grow(): Uint8Array {
    const grown = new Uint8Array(this.#output.length * 2);
    grown.set(this.#output);
    this.#output = grown;
    return grown;
  }
}

interface BlockCodes {
  readonly usedBytes: readonly number[];
  readonly tables: readonly HuffmanTable[];
  readonly selectors: Uint8Array;
  readonly selectorCount: number;
  /** Filled: how often each byte stands in the block. */
  readonly counts: Int32Array;
}

function readUsedBytes(bits: BitReader): number[] {
  const used: number[] = [];
  const rows = bits.read(16);
  for (let row = 0; row < 16; row += 1) {
    if (((rows >>> (15 - row)) & 1) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column += 1) {
      if (((columns >>> (15 - column)) & 1) === 1) used.push(row * 16 + column);
    }
  }
  if (used.length === 0) throw new Bzip2Fault("a block that uses no bytes");
  return used;
}

/** Which table each group of 50 symbols uses; more selectors than a block can need are passed over, as bzip2 does. */
function readSelectors(bits: BitReader, tableCount: number, selectors: Uint8Array): number {
  const count = bits.read(15);
  if (count === 0) throw new Bzip2Fault("a block without selectors");
  const order = [0, 1, 2, 3, 4, 5];
  for (let index = 0; index < count; index += 1) {
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place >= tableCount) throw new Bzip2Fault("a selector of a table that is not there");
    }
    const [table = 0] = order.splice(place, 1);
    order.unshift(table);
    if (index < selectors.length) selectors[index] = table;
  }
  return Math.min(count, selectors.length);
}

function readTable(bits: BitReader, symbolCount: number): HuffmanTable {
  const lengths = new Uint8Array(symbolCount);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbolCount; symbol += 1) {
    for (;;) {
      if (length < 1 || length > maxCodeLength) throw new Bzip2Fault(`a code of ${length} bits`);
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return buildTable(lengths);
}

function buildTable(lengths: Uint8Array): HuffmanTable {
  const symbols = new Uint16Array(maxSymbols);
  const limit = new Int32Array(maxCodeLength + 1);
  const base = new Int32Array(maxCodeLength + 1);
  const fast = new Uint16Array(1 << fastBits);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= maxCodeLength; length += 1) {
    base[length] = code - place;
    for (let symbol = 0; symbol < lengths.length; symbol += 1) {
      if (lengths[symbol] !== length) continue;
      symbols[place] = symbol;
      if (length <= fastBits) {
        const start = code << (fastBits - length);
        fast.fill((symbol << 5) | length, start, start + (1 << (fastBits - length)));
      }
      place += 1;
      code += 1;
    }
    if (code > 1 << length) throw new Bzip2Fault("more codes than their lengths allow");
    limit[length] = code << (maxCodeLength - length);
    code <<= 1;
  }
  return { fast, limit, base, symbols };
}

/** Symbol × 32 + length of a code that is longer than the fast table's; 0 for one that stands for nothing. */
function longCode({ limit, base, symbols }: HuffmanTable, code: number): number {
  for (let length = fastBits + 1; length <= maxCodeLength; length += 1) {
    if (code >= (limit[length] as number)) continue;
    const place = (code >>> (maxCodeLength - length)) - (base[length] as number);
    return ((symbols[place] as number) << 5) | length;
  }
  return 0;
}

/** Puts into the upper bits of each place where the byte after it stands. */
function linkTransform(links: Uint32Array, length: number, counts: Int32Array): void {
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const count = counts[byte] as number;
    counts[byte] = sum;
    sum += count;
  }
  for (let index = 0; index < length; index += 1) {
    const byte = (links[index] as number) & 0xff;
    const at = counts[byte] as number;
    counts[byte] = at + 1;
    links[at] = (links[at] as number) | (index << 8);
  }
}

const checksumTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

/** CRC-32 with the highest bit first, which zlib does not have. */
function blockChecksum(bytes: Uint8Array): number {
  let value = -1;
  for (let index = 0; index < bytes.length; index += 1) {
    value = (value << 8) ^ (checksumTable[(value >>> 24) ^ (bytes[index] as number)] as number);
  }
  return ~value >>> 0;
}
