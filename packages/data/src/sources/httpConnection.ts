// Requests to one HTTP address: tried again when a server is busy or a connection breaks, given up when it stays silent.
import { setTimeout as wait } from "node:timers/promises";
import { FileError, systemReason } from "../errors.ts";
import { wholeBytes } from "./wholeBytes.ts";

/** How addresses are fetched. */
export interface HttpOptions {
  /** Headers of every request, for example `{ authorization: "Bearer …" }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often in a row a request may fail before the reading fails; progress starts the count afresh. Default 5. */
  readonly retries?: number;
  /** Wait before the first new attempt, in milliseconds; doubled for each further one, at most a minute. Default 500. */
  readonly retryDelay?: number;
  /** Longest silence of the server, in milliseconds, before the connection counts as cut. Default 60,000. */
  readonly timeout?: number;
}

/** Header fields that prove who asks, made afresh for each request. */
export type RequestSigner = (address: string) => Promise<Readonly<Record<string, string>>>;

const longestWait = 60_000;
const busyStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Something that another attempt may cure. */
export class PassingFault extends Error {
  /** Milliseconds that the server asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(message: string, retryAfter?: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** A response whose server may fall silent only for so long, until `finish` is called. */
export interface Answer {
  readonly response: Response;
  /** Something came: how long the caller now takes over it is not the server's silence. */
  arrived(): void;
  /** The caller waits for the server again. */
  waiting(): void;
  finish(): void;
}

/** The pieces of an answer's body; while the caller works on one, the server's silence is not counted. */
export async function* answerChunks(answer: Answer): AsyncGenerator<Uint8Array> {
  for await (const piece of (answer.response.body ?? []) as AsyncIterable<Uint8Array>) {
    answer.arrived();
    yield piece;
    answer.waiting();
  }
}

/** Requests to one address. */
export class Connection {
  readonly address: string;
  readonly #options: HttpOptions;
  readonly #sign: RequestSigner | undefined;

  constructor(address: string, options: HttpOptions, sign?: RequestSigner) {
    this.address = address;
    this.#options = options;
    this.#sign = sign;
  }

  /** One request. A busy server and a broken connection are passing faults; any other refusal is a FileError. */
  async request(
    headers: Record<string, string>,
    signal?: AbortSignal,
    accepted: readonly number[] = [416],
  ): Promise<Answer> {
    const silence = new AbortController();
    const timeout = this.#options.timeout ?? 60_000;
    let waits = true;
    const timer = setTimeout(() => {
      if (waits) silence.abort(new PassingFault(`no byte came for ${timeout} ms`));
    }, timeout);
    const signals = signal ? [signal, silence.signal] : [silence.signal];
    try {
      const signed = await this.#sign?.(this.address);
      const response = await fetch(this.address, {
        // Compressed transfer would make ranges and sizes those of other bytes than the file's.
        headers: { "accept-encoding": "identity", ...this.#options.headers, ...signed, ...headers },
        signal: AbortSignal.any(signals),
      });
      await this.#checkStatus(response, accepted);
      return {
        response,
        arrived: () => {
          waits = false;
        },
        waiting: () => {
          waits = true;
          timer.refresh();
        },
        finish: () => clearTimeout(timer),
      };
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
  }

  async #checkStatus(response: Response, accepted: readonly number[]): Promise<void> {
    const { status } = response;
    const encoding = response.headers.get("content-encoding");
    if ((response.ok && (encoding === null || encoding === "identity")) || accepted.includes(status)) return;
    const reason = await serverReason(response);
    if (busyStatuses.has(status)) throw new PassingFault(`HTTP ${status}${reason}`, retryAfter(response));
    const problem = response.ok
      ? `sent as ${encoding}, though identity was asked for (download it and read the copy)`
      : `HTTP ${status}${reason} (check the address and its permissions)`;
    throw new FileError(`${this.address}: could not be read: ${problem}`);
  }

  /**
   * The whole answer, with its header fields; undefined where there is nothing at this address (HTTP 404).
   * @param limit largest body in bytes.
   */
  whole(signal: AbortSignal | undefined, limit: number): Promise<{ body: Buffer; headers: Headers } | undefined> {
    return this.retrying(signal, async () => {
      const answer = await this.request({}, signal, [404]);
      try {
        if (answer.response.status === 404) return undefined;
        const body = await wholeBytes(answerChunks(answer), limit, { file: this.address }, "ask for less at once");
        return { body, headers: answer.response.headers };
      } finally {
        answer.finish();
        if (!answer.response.bodyUsed) await answer.response.body?.cancel();
      }
    });
  }

  async retrying<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        await this.waitOrGiveUp(error, failures, signal);
      }
    }
  }

  async waitOrGiveUp(error: unknown, failures: number, signal?: AbortSignal): Promise<void> {
    // fetch reports every network fault, also a body that was cut, as a TypeError.
    if (!(error instanceof PassingFault || error instanceof TypeError)) throw error;
    if (failures > (this.#options.retries ?? 5)) {
      const cause = error.cause === undefined ? "" : `: ${systemReason(error.cause)}`;
      const message = `${this.address}: could not be read: ${error.message}${cause} (gave up after ${failures} attempts)`;
      throw new FileError(message, { cause: error });
    }
    const asked = error instanceof PassingFault ? error.retryAfter : undefined;
    const pause = asked ?? (this.#options.retryDelay ?? 500) * 2 ** (failures - 1);
    await wait(Math.min(pause, longestWait), undefined, signal ? { signal } : {});
  }
}

/** What the server says about its refusal, as S3 (XML), the Hugging Face hub (a header) and most APIs (JSON) say it. */
async function serverReason(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const start = await reader?.read().catch(() => undefined);
  await reader?.cancel().catch(() => undefined);
  const text = Buffer.from(start?.value ?? []).toString("utf8", 0, 2000);
  const told =
    response.headers.get("x-error-message") ??
    /<Message>([^<]{1,300})<\/Message>/.exec(text)?.[1] ??
    /"(?:error|message)"\s*:\s*"([^"]{1,300})"/.exec(text)?.[1];
  const region = response.headers.get("x-amz-bucket-region");
  return `${told ? `: ${told}` : ""}${region ? ` (the bucket is in region ${region})` : ""}`;
}

function retryAfter(response: Response): number | undefined {
  const value = response.headers.get("retry-after");
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(wait, 0) : undefined;
}
