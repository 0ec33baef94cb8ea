// Documents from tables of messages (customer support, mailing lists, chats): the messages of each thread joined into one text.
import type { Document } from "../document.ts";
import { DataError, FormatError } from "../errors.ts";
import type { InputFile } from "../inputFile.ts";
import { compressionOfName } from "./compression.ts";
import { type DocumentFormat, formatOfName } from "./documentFormat.ts";
import type { ReadingContext } from "./readOptions.ts";

/** Which fields of a table of messages mean what. The message's text is `textField`. */
export interface TicketOptions {
  /** Field that is the same for all messages of a thread. */
  readonly threadField: string;
  /** Field with who wrote the message; it stands before the text as "name: ". Default: none. */
  readonly authorField?: string;
  /** Field to sort a thread's messages by: numbers, or texts of one form such as ISO dates. Default: order of the rows. */
  readonly timeField?: string;
  /** Field with the thread's subject, of which the first that is not empty becomes the first line. Default: none. */
  readonly subjectField?: string;
  /**
   * Rows of a thread follow each other: threads are given as soon as they end, and only one is held in memory.
   * Default false: the whole table is held.
   */
  readonly grouped?: boolean;
}

interface Message {
  readonly id: string;
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const tableFormats: ReadonlySet<DocumentFormat | undefined> = new Set(["csv", "tsv", "jsonl", "json", "parquet"]);

/**
 * One document a thread, in the order in which threads begin. The id is the thread's; `metadata.messages` counts its
 * messages, the first message's other fields are metadata too.
 * @throws DataError without `tickets.threadField`, or for a file that is no table.
 */
export async function* ticketDocuments(file: InputFile, context: ReadingContext): AsyncGenerator<Document> {
  const options = context.options.tickets;
  const format = formatOfName(compressionOfName(file.path).inner);
  if (options?.threadField === undefined) {
    throw new DataError('readDocuments: tickets: expected { threadField: "…" } naming the field that joins messages');
  }
  if (format === undefined || !tableFormats.has(format)) {
    throw new DataError(`${file.path}: tickets are read from CSV, TSV, JSON and Parquet (rename or convert it)`);
  }
  const threads = new Map<string, Message[]>();
  for await (const { id, text, metadata = {} } of context.documentsAs(file, format)) {
    const thread = metadata[options.threadField];
    if ((typeof thread !== "string" && typeof thread !== "number") || thread === "") {
      const detail = `expected the thread in the field "${options.threadField}", got ${JSON.stringify(thread) ?? "no such field"} (name the right one with tickets.threadField)`;
      context.skipOrThrow(new FormatError({ file: file.path }, "no thread", `message ${id}: ${detail}`));
      continue;
    }
    const key = String(thread);
    const messages = threads.get(key);
    if (messages) messages.push({ id, text, metadata });
    else {
      if (options.grouped) yield* takeThreads(threads, options);
      threads.set(key, [{ id, text, metadata }]);
    }
  }
  yield* takeThreads(threads, options);
}

function* takeThreads(threads: Map<string, Message[]>, options: TicketOptions): Generator<Document> {
  for (const [id, messages] of threads) {
    threads.delete(id);
    yield joinThread(id, messages, options);
  }
}

function joinThread(id: string, messages: Message[], options: TicketOptions): Document {
  const { threadField, authorField, timeField, subjectField } = options;
  const field = (message: Message, name: string | undefined): unknown =>
    name === undefined ? undefined : message.metadata[name];
  const sorted =
    timeField === undefined ? messages : messages.toSorted((a, b) => byTime(field(a, timeField), field(b, timeField)));
  const subject = sorted
    .map((message) => field(message, subjectField))
    .find((value) => value !== undefined && value !== "");
  const parts = sorted.map((message) => {
    const author = field(message, authorField);
    return author === undefined || author === "" ? message.text.trim() : `${author}: ${message.text.trim()}`;
  });
  const text = (subject === undefined ? parts : [String(subject), ...parts]).join("\n\n");
  const used = new Set([threadField, authorField, timeField, subjectField]);
  const rest = Object.entries(sorted[0]?.metadata ?? {}).filter(([name]) => !used.has(name));
  const metadata: Record<string, unknown> = { ...Object.fromEntries(rest), messages: sorted.length };
  const started = sorted[0] && field(sorted[0], timeField);
  if (started !== undefined) metadata.started = started;
  return { id, text, metadata };
}

/** Numbers by value, texts by code units; sorting is stable, so equal times keep the order of the rows. */
function byTime(a: unknown, b: unknown): number {
  const [left, right] = [Number(a), Number(b)];
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}
