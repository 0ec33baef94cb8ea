// Progress for people, of readers and of runs over shards: a bar with rate and time left in a terminal, now and then a line elsewhere.
import { SingleBar } from "cli-progress";
import type { ReadProgress } from "./sources/readOptions.ts";

/** Without a terminal a line is printed at most this often, in milliseconds. */
const lineInterval = 10_000;

/** What a bar shows: bytes, and where they are counted documents and shards. */
export interface Progress extends ReadProgress {
  readonly documents?: number;
  readonly shardsDone?: number;
  readonly shardCount?: number;
}

/** Options of `progressBar`. */
export interface ProgressBarOptions {
  /** Default: standard error. */
  readonly stream?: NodeJS.WriteStream;
  /** Put first. */
  readonly label?: string;
  /** A clock in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
}

/** Shows how far something is. */
export interface ProgressBar {
  /** Give it as `onProgress`. */
  readonly update: (progress: Progress) => void;
  /** Ends the bar; without a terminal the last state is printed. */
  stop(): void;
}

/**
 * Bytes read, rate and time left, for `onProgress` of `readDocuments`, `processShards` and `deduplicateShards`. The rate is that
 * since the first call, so that what an earlier run had done does not count.
 *
 * @example
 * const bar = progressBar({ label: "reading" });
 * for await (const document of readDocuments("corpus/", { onProgress: bar.update })) use(document);
 * bar.stop();
 */
export function progressBar({
  stream = process.stderr,
  label,
  now = () => performance.now(),
}: ProgressBarOptions = {}): ProgressBar {
  const pace = new Pace(now);
  const prefix = label === undefined ? "" : `${label} `;
  return stream.isTTY ? terminalBar(stream, prefix, pace) : plainLines(stream, prefix, { pace, now });
}

function terminalBar(stream: NodeJS.WriteStream, prefix: string, pace: Pace): ProgressBar {
  const bar = new SingleBar({
    format: `${prefix}{bar} {state}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 16,
    hideCursor: true,
    stream,
  });
  let isStarted = false;
  return {
    update: (progress) => {
      const { bytesRead, totalBytes } = progress;
      const payload = { state: pace.describe(progress) };
      if (isStarted) {
        bar.setTotal(totalBytes);
        bar.update(bytesRead, payload);
      } else bar.start(totalBytes, bytesRead, payload);
      isStarted = true;
    },
    stop: () => bar.stop(),
  };
}

function plainLines(
  stream: NodeJS.WriteStream,
  prefix: string,
  { pace, now }: { readonly pace: Pace; readonly now: () => number },
): ProgressBar {
  let printed = now();
  let waiting: string | undefined;
  const print = (): void => {
    if (waiting !== undefined) stream.write(`${prefix}${waiting}\n`);
    waiting = undefined;
    printed = now();
  };
  return {
    update: (progress) => {
      waiting = pace.describe(progress);
      if (now() - printed >= lineInterval) print();
    },
    stop: print,
  };
}

/** Speed since the first state that was seen. */
class Pace {
  readonly #now: () => number;
  #start: { readonly time: number; readonly bytes: number } | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** For example `12.0 of 48.0 MB · 1,200 documents · 3 of 16 shards · 4.0 MB/s · 9 s left`. */
  describe({ bytesRead, totalBytes, documents, shardsDone, shardCount }: Progress): string {
    this.#start ??= { time: this.#now(), bytes: bytesRead };
    const seconds = (this.#now() - this.#start.time) / 1000;
    const rate = seconds > 0 ? (bytesRead - this.#start.bytes) / seconds : 0;
    const parts = [
      `${megabytes(bytesRead)} of ${megabytes(totalBytes)} MB`,
      ...(documents === undefined ? [] : [`${documents.toLocaleString("en")} documents`]),
      ...(shardCount === undefined ? [] : [`${shardsDone ?? 0} of ${shardCount} shards`]),
      ...(rate > 0 ? [`${megabytes(rate)} MB/s`, `${duration((totalBytes - bytesRead) / rate)} left`] : []),
    ];
    return parts.join(" · ");
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
