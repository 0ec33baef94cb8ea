// Writing protocol buffers by field number, for the file formats of other people's trackers.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A field of a message. */
export type Field = (writer: BinaryWriter) => void;

/** The bytes of a message. */
export function message(...fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const write of fields) write(writer);
  return writer.finish();
}

export function text(number: number, value: string): Field {
  return (writer) => writer.tag(number, WireType.LengthDelimited).string(value);
}

/** Bytes, or a message inside of a message. */
export function bytes(number: number, value: Uint8Array): Field {
  return (writer) => writer.tag(number, WireType.LengthDelimited).bytes(value);
}

/** Also for enumerations and truth values. */
export function integer(number: number, value: number): Field {
  return (writer) => writer.tag(number, WireType.Varint).int64(value);
}

export function double(number: number, value: number): Field {
  return (writer) => writer.tag(number, WireType.Bit64).double(value);
}

export function float(number: number, value: number): Field {
  return (writer) => writer.tag(number, WireType.Bit32).float(value);
}

/** The fields of a message in order: numbers of varints, bytes of anything with a length; other kinds are left out. */
export function fieldsOf(data: Uint8Array): { number: number; value: number | Uint8Array }[] {
  const reader = new BinaryReader(data);
  const fields: { number: number; value: number | Uint8Array }[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.Varint) fields.push({ number, value: Number(reader.int64()) });
    else if (type === WireType.LengthDelimited) fields.push({ number, value: reader.bytes() });
    else reader.skip(type);
  }
  return fields;
}
