// The files of a tar archive, one after another, as it streams.
import { type EventEmitter, once } from "node:events";
import { extract as tarExtract } from "tar-stream";
import { DataError, FormatError, systemReason } from "../errors.ts";
import { type ArchiveEntry, harmlessPath } from "./archiveEntry.ts";

/** The regular files of a tar archive; links, devices and the like are passed over. */
export async function* tarEntries(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<ArchiveEntry> {
  const extract = tarExtract();
  const stopped = new AbortController();
  const pump = async (): Promise<void> => {
    for await (const chunk of chunks) {
      if (!extract.write(chunk)) await once(extract as unknown as EventEmitter, "drain", { signal: stopped.signal });
    }
    extract.end(undefined);
  };
  let broken: unknown;
  const pumping = pump().catch((error: Error) => {
    broken = error;
    if (!stopped.signal.aborted) extract.destroy(error);
  });
  // What the source of the bytes threw is no fault of the archive.
  const fault = (error: unknown): unknown => (error === broken ? error : tarFault(error, file));
  try {
    for await (const entry of extract) {
      const { type, name, size = 0 } = entry.header;
      if (type === "file" || type === "contiguous-file") {
        yield { path: harmlessPath(name), size, stream: () => withFaults(entry as AsyncIterable<Buffer>, fault) };
      }
      entry.resume();
    }
  } catch (error) {
    throw fault(error);
  } finally {
    stopped.abort();
    extract.destroy();
    await pumping;
  }
}

async function* withFaults(entry: AsyncIterable<Buffer>, fault: (error: unknown) => unknown): AsyncGenerator<Buffer> {
  try {
    yield* entry;
  } catch (error) {
    throw fault(error);
  }
}

function tarFault(error: unknown, file: string): unknown {
  if (DataError.isInstance(error)) return error;
  const message = systemReason(error);
  const truncated = /unexpected end|closed/i.test(message);
  const detail = truncated
    ? "the archive ends within a file (copy or download it again)"
    : `${message} (is it a tar archive? copy or download it again)`;
  return new FormatError({ file }, truncated ? "truncated tar" : "damaged tar", detail, { cause: error });
}
