// The messages of TensorBoard's event files (event.proto, summary.proto, and plugin_data.proto of its hparams plugin).
import { bytes, double, type Field, float, integer, message, text } from "./protobuf.ts";

/** `SessionLog.START`: what was written before of this step and later ones no longer counts. */
const sessionStart = 1;
/** `DataType.DT_STRING`. */
const stringType = 7;
/** `SummaryMetadata.data_class` of tensors. */
const tensorData = 2;

export interface EventTime {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
}

/** First event of every file. */
export function versionEvent(time: EventTime): Uint8Array {
  return event(time, text(3, "brain.Event:2"));
}

/** The run begins, or begins again, with this step. */
export function startEvent(time: EventTime): Uint8Array {
  return event(time, bytes(7, message(integer(1, sessionStart))));
}

export function scalarsEvent(time: EventTime, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) => bytes(1, message(text(1, tag), float(2, value))));
  return event(time, bytes(5, message(...values)));
}

/** Markdown, shown under "Text". */
export function textEvent(time: EventTime, { tag, markdown }: { tag: string; markdown: string }): Uint8Array {
  const oneElement = message(bytes(2, message(integer(1, 1))));
  const tensor = message(integer(1, stringType), bytes(2, oneElement), text(8, markdown));
  return event(time, summaryValue({ tag, plugin: "text", content: new Uint8Array(), tensor }));
}

/** The settings that "HParams" tables runs by. */
export function settingsEvent(
  time: EventTime,
  settings: Readonly<Record<string, string | number | boolean>>,
): Uint8Array {
  const entries = Object.entries(settings).map(([name, value]) =>
    bytes(1, message(text(1, name), bytes(2, message(valueField(value))))),
  );
  const session = message(...entries, double(5, time.wallTime));
  const content = message(integer(1, 0), bytes(3, session));
  // The plugin reads the metadata alone, but TensorBoard drops a summary that has no value.
  const tensor = message(integer(1, 1), bytes(2, new Uint8Array()));
  return event(time, summaryValue({ tag: "_hparams_/session_start_info", plugin: "hparams", content, tensor }));
}

function event({ wallTime, step }: EventTime, content: Field): Uint8Array {
  return message(double(1, wallTime), integer(2, step), content);
}

interface SummaryValue {
  readonly tag: string;
  readonly plugin: string;
  /** Of the plugin's own format. */
  readonly content: Uint8Array;
  readonly tensor: Uint8Array;
}

function summaryValue({ tag, plugin, content, tensor }: SummaryValue): Field {
  const metadata = message(bytes(1, message(text(1, plugin), bytes(2, content))), integer(4, tensorData));
  return bytes(5, message(bytes(1, message(text(1, tag), bytes(8, tensor), bytes(9, metadata)))));
}

/** A field of `google.protobuf.Value`. */
function valueField(value: string | number | boolean): Field {
  if (typeof value === "number") return double(2, value);
  return typeof value === "string" ? text(3, value) : integer(4, Number(value));
}
