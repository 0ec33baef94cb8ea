// Counts the words of a part of a file, line by line. A few megabytes are held at a time, or the longest line.
import { constants, isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import type { TextCounter } from "./countTexts.ts";
import { FormatError } from "./errors.ts";
import type { FileRange } from "./fileRanges.ts";

/** What was in a range. */
export interface RangeCount {
  readonly lines: number;
  /** In UTF-16 code units. */
  readonly characters: number;
}

const lineFeed = 0x0a;
const blockBytes = 1 << 22;

/** @throws FormatError for bytes that are not UTF-8, and for a line that is too long for a string */
export async function countRange(range: FileRange, count: TextCounter): Promise<RangeCount> {
  let [lines, characters] = [0, 0];
  for await (const { bytes, at } of lineBlocks(range)) {
    if (!isUtf8(bytes)) refuseBytes(range.file, bytes, at);
    for (let from = 0; from < bytes.length; ) {
      const feed = bytes.indexOf(lineFeed, from);
      const to = feed < 0 ? bytes.length : feed + 1;
      const line = bytes.toString("utf8", from, to);
      count(line);
      lines++;
      characters += line.length;
      from = to;
    }
  }
  return { lines, characters };
}

/** The range in blocks of whole lines, with the place of each in the file. */
async function* lineBlocks({ file, start, end }: FileRange): AsyncGenerator<{ bytes: Buffer; at: number }> {
  const handle = await open(file);
  try {
    let unfinished: Buffer[] = [];
    let unfinishedBytes = 0;
    for (let at = start; at < end; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(Math.min(blockBytes, end - at)), {
        position: at,
      });
      if (bytesRead === 0)
        throw new FormatError(`${file}: ended at byte ${at} of ${end} (it was changed while it was read)`);
      const block = buffer.subarray(0, bytesRead);
      at += bytesRead;
      const wholeBytes = at === end ? bytesRead : block.lastIndexOf(lineFeed) + 1;
      if (unfinishedBytes + wholeBytes > constants.MAX_STRING_LENGTH && unfinishedBytes > blockBytes) {
        throw new FormatError(
          `${file}: a line before byte ${at} has more than ${constants.MAX_STRING_LENGTH} bytes (cut it into lines)`,
        );
      }
      if (wholeBytes > 0) {
        yield {
          bytes: Buffer.concat([...unfinished, block.subarray(0, wholeBytes)]),
          at: at - bytesRead - unfinishedBytes,
        };
        unfinished = [];
        unfinishedBytes = 0;
      }
      if (wholeBytes < bytesRead) unfinished.push(block.subarray(wholeBytes));
      unfinishedBytes += bytesRead - wholeBytes;
    }
  } finally {
    await handle.close();
  }
}

function refuseBytes(file: string, bytes: Buffer, at: number): never {
  let line = 0;
  // The first line that is not UTF-8: a line feed never is part of a longer character.
  for (let to = 0; line < bytes.length; line = to) {
    to = bytes.indexOf(lineFeed, line) + 1 || bytes.length;
    if (!isUtf8(bytes.subarray(line, to))) break;
  }
  throw new FormatError(
    `${file}: the line at byte ${at + line} is not UTF-8 (leave binary files out, convert others to UTF-8)`,
  );
}
