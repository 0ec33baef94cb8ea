// Divides files into ranges of bytes that each hold whole lines, so that several threads can count them.
import { type FileHandle, open } from "node:fs/promises";

/** The bytes `[start, end)` of a file: whole lines. */
export interface FileRange {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

const lineFeed = 0x0a;
const blockBytes = 1 << 16;

/** Ranges of about `bytes` bytes that cover the files; a longer line is a longer range. */
export async function planRanges(files: readonly string[], bytes: number): Promise<FileRange[]> {
  const ranges: FileRange[] = [];
  for (const file of files) {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      for (let start = 0; start < size; ) {
        const end = start + bytes < size ? await lineStart(handle, start + bytes) : size;
        ranges.push({ file, start, end });
        start = end;
      }
    } finally {
      await handle.close();
    }
  }
  return ranges;
}

/** Where the first line starts that does not start before `at`; the end of the file if there is none. */
async function lineStart(handle: FileHandle, at: number): Promise<number> {
  const block = Buffer.alloc(blockBytes);
  for (let position = at - 1; ; ) {
    const { bytesRead } = await handle.read(block, 0, blockBytes, position);
    const feed = block.subarray(0, bytesRead).indexOf(lineFeed);
    if (feed >= 0) return position + feed + 1;
    position += bytesRead;
    if (bytesRead === 0) return position;
  }
}
