import { readFileSync } from "node:fs";
import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { allDTypes, type DType, hostArray, toNumbers } from "./dtype.ts";
import { DTypeError, FormatError, ShapeError } from "./errors.ts";
import {
  type NamedArray,
  openSafetensors,
  parseSafetensors,
  type SafetensorsFile,
  serializeSafetensors,
  writeSafetensors,
} from "./safetensors.ts";

interface Case {
  readonly name: string;
  readonly bytes: string;
  /** "accepted", or the complaint of the reference library. */
  readonly reference: string;
  /** Why we reject although the reference accepts. */
  readonly stricter?: string;
}

const fixture = (name: string) => new URL(`./__fixtures__/safetensors/${name}`, import.meta.url);
const fixturePath = (name: string) => fileURLToPath(fixture(name));
const cases: readonly Case[] = JSON.parse(readFileSync(fixture("cases.json"), "utf8"));
const rejected = cases.filter((each) => each.reference !== "accepted" || each.stricter !== undefined);
const accepted = cases.filter((each) => !rejected.includes(each));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function readAll(file: SafetensorsFile): Promise<[string, NamedArray][]> {
  const arrays: [string, NamedArray][] = [];
  for (const name of file.names) arrays.push([name, await file.read(name)]);
  return arrays;
}

async function openBytes(bytes: Uint8Array): Promise<SafetensorsFile> {
  const path = join(folder, "case.safetensors");
  await writeFile(path, bytes);
  return openSafetensors(path);
}

describe("files of the reference library", () => {
  test("every dtype, scalar and empty tensor is read with its values", async () => {
    await using file = await openSafetensors(fixturePath("mixed.safetensors"));
    const read = async (name: string) => {
      const { dtype, shape, data } = await file.read(name);
      expect({ dtype, shape }).toEqual(file.entry(name));
      return { dtype, shape, values: data instanceof BigInt64Array ? [...data] : [...toNumbers(dtype, data)] };
    };
    const special = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, Math.fround(1e-40), 65504];
    expect(await read("float32.special")).toEqual({ dtype: "float32", shape: [7], values: special });
    expect(await read("float16.special")).toEqual({ dtype: "float16", shape: [7], values: special.with(5, 0) });
    expect(await read("int64")).toEqual({
      dtype: "int64",
      shape: [2, 2],
      values: [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n],
    });
    expect(await read("int32")).toEqual({ dtype: "int32", shape: [3], values: [-(2 ** 31), 2 ** 31 - 1, 5] });
    expect(await read("uint32")).toEqual({ dtype: "uint32", shape: [2], values: [0, 2 ** 32 - 1] });
    expect(await read("int8")).toEqual({ dtype: "int8", shape: [1, 3], values: [-128, 127, 0] });
    expect(await read("uint8")).toEqual({ dtype: "uint8", shape: [3], values: [0, 255, 7] });
    expect(await read("bool")).toEqual({ dtype: "bool", shape: [3], values: [1, 0, 1] });
    expect(await read("scalar")).toEqual({ dtype: "float32", shape: [], values: [2.5] });
    expect(await read("scalar.bool")).toEqual({ dtype: "bool", shape: [], values: [1] });
    expect(await read("empty")).toEqual({ dtype: "float32", shape: [0], values: [] });
    expect(await read("empty.int8")).toEqual({ dtype: "int8", shape: [3, 0, 2], values: [] });
    const exact = (await read("float32")).values;
    for (const [name, digits] of [
      ["float16", 11],
      ["bfloat16", 8],
    ] as const) {
      const rounded = (await read(name)).values;
      rounded.forEach((value, i) => {
        expect(Math.abs(Number(value) - Number(exact[i]))).toBeLessThanOrEqual(
          Math.abs(Number(exact[i])) * 2 ** -digits,
        );
      });
    }
  });

  test.each(["mixed", "metadata", "empty"])("%s: what we write is byte-equal", async (name) => {
    const path = fixturePath(`${name}.safetensors`);
    const original = await readFile(path);
    await using file = await openSafetensors(path);
    const options = name === "metadata" ? { metadata: file.metadata } : {};
    const tensors = (await readAll(file)).reverse();
    const written = join(folder, "written.safetensors");
    await writeSafetensors(written, tensors, options);
    expect(await readFile(written)).toEqual(original);
    expect(Buffer.from(serializeSafetensors(tensors, options))).toEqual(original);
    expect(serializeSafetensors(parseSafetensors(original), options)).toEqual(new Uint8Array(original));
  });

  test("metadata is read", async () => {
    await using file = await openSafetensors(fixturePath("metadata.safetensors"));
    expect(file.metadata).toEqual({ format: 'p"t\n\x1f é' });
    expect(file.names).toEqual(["a"]);
    expect(file.has("b")).toBe(false);
  });

  test("a dtype we do not hold only fails for its own tensor", async () => {
    await using file = await openSafetensors(fixturePath("other.safetensors"));
    expect(file.names.toSorted()).toEqual(["float32", "float64", "int16"]);
    expect((await file.read("float32")).data).toEqual(new Float32Array([1]));
    expect(() => file.entry("int16")).toThrow(/"int16" is I16, expected one of I64, F32/);
    await expect(file.read("float64")).rejects.toThrow(DTypeError);
    expect(() => parseSafetensors(readFileSync(fixture("other.safetensors")))).toThrow(/"float64" is F64/);
  });
});

describe("the reference library's verdict is ours", () => {
  test.each(accepted)("accepted: $name", async ({ bytes }) => {
    await using file = await openBytes(Buffer.from(bytes, "base64"));
    expect(Array.isArray(file.names)).toBe(true);
  });

  test.each(rejected)("rejected: $name", async ({ bytes }) => {
    const data = Buffer.from(bytes, "base64");
    await expect(openBytes(data)).rejects.toThrow(FormatError);
    expect(() => parseSafetensors(data)).toThrow(FormatError);
  });

  test("a header of exactly 100,000,000 bytes is read, one byte more is not", () => {
    const bytes = new Uint8Array(8 + 100_000_001).fill(0x20);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, 100_000_000n, true);
    bytes.set(Buffer.from("{}"), 8);
    expect(parseSafetensors(bytes.subarray(0, -1)).size).toBe(0);
    view.setBigUint64(0, 100_000_001n, true);
    expect(() => parseSafetensors(bytes)).toThrow("says it is 100000001 bytes long, at most 100000000 are allowed");
  });

  test("messages name the tensor, the sizes and the likely cause", async () => {
    const find = (name: string) => Buffer.from(cases.find((each) => each.name === name)!.bytes, "base64");
    expect(() => parseSafetensors(find("overlap"))).toThrow('tensor "b" overlaps the tensor before it');
    expect(() => parseSafetensors(find("gap between two"))).toThrow('tensor "b" leaves a gap before it');
    expect(() => parseSafetensors(find("shape too large for the offsets"))).toThrow(
      'tensor "a": F32 [2] takes 8 bytes, data_offsets [0,4] give 4',
    );
    expect(() => parseSafetensors(find("duplicate tensor, equal"))).toThrow('duplicate key "a"');
    await expect(openBytes(find("data cut short"))).rejects.toThrow(
      "expected 66 bytes by its header, the file has 65 (the file is truncated)",
    );
  });
});

describe("reading", () => {
  test("several reads at once, and reads after a close fail", async () => {
    const file = await openSafetensors(fixturePath("mixed.safetensors"));
    const together = await Promise.all(file.names.map((name) => file.read(name)));
    expect(together).toEqual((await readAll(file)).map(([, array]) => array));
    await file.close();
    await expect(file.read("float32")).rejects.toThrow();
  });

  test("an unknown name and a file cut short after opening are named", async () => {
    const path = join(folder, "cut.safetensors");
    await writeFile(path, await readFile(fixturePath("mixed.safetensors")));
    await using file = await openSafetensors(path);
    await expect(file.read("nothing")).rejects.toThrow('cut.safetensors: no tensor "nothing" among its 21 tensors');
    await truncate(path, 1200);
    await expect(file.read("bool")).rejects.toThrow(/cut short while being read/);
  });

  test("views need no alignment of the bytes they come from", () => {
    const original = readFileSync(fixture("mixed.safetensors"));
    const shifted = new Uint8Array(original.byteLength + 1);
    shifted.set(original, 1);
    expect(parseSafetensors(shifted.subarray(1))).toEqual(parseSafetensors(original));
  });
});

describe("writing", () => {
  const scalar = (dtype: DType): NamedArray => ({ dtype, shape: [], data: hostArray(dtype, 1) });

  test("tensors made lazily are made one at a time, in the order of the file", async () => {
    const order: string[] = [];
    const lazy = (name: string, dtype: DType) =>
      [
        name,
        {
          dtype,
          shape: [2],
          data: async () => {
            order.push(name);
            await Promise.resolve();
            return hostArray(dtype, 2).fill(dtype === "int64" ? (7n as never) : (7 as never));
          },
        },
      ] as const;
    const path = join(folder, "lazy.safetensors");
    await writeSafetensors(path, [lazy("b", "bool"), lazy("a", "int64"), lazy("c", "float32")]);
    expect(order).toEqual(["a", "c", "b"]);
    await using file = await openSafetensors(path);
    expect((await file.read("a")).data).toEqual(new BigInt64Array([7n, 7n]));
  });

  test("each dtype starts at a multiple of its size", () => {
    const bytes = serializeSafetensors(allDTypes.map((dtype) => [dtype, scalar(dtype)]));
    const arrays = parseSafetensors(bytes);
    expect(new Set(arrays.keys())).toEqual(new Set(allDTypes));
    for (const { data } of arrays.values()) expect(data.buffer).toBe(bytes.buffer);
  });

  test("data that does not fit is refused before the old file is touched", async () => {
    const path = join(folder, "old.safetensors");
    await writeFile(path, "old");
    const float32 = { dtype: "float32", shape: [2], data: new Float32Array(3) } as const;
    await expect(writeSafetensors(path, [["a", float32]])).rejects.toThrow(
      'tensor "a": shape [2] has 2 elements, its data has 3',
    );
    await expect(writeSafetensors(path, [["a", { ...float32, dtype: "int8" }]])).rejects.toThrow(
      'tensor "a" is int8: expected a Int8Array, got a Float32Array',
    );
    await expect(writeSafetensors(path, [["a", { ...float32, shape: [1.5, 2] }]])).rejects.toThrow(ShapeError);
    const twice = [
      ["a", scalar("int8")],
      ["a", scalar("bool")],
    ] as const;
    await expect(writeSafetensors(path, twice)).rejects.toThrow('got "a" again');
    expect(() => serializeSafetensors([["__metadata__", scalar("int8")]])).toThrow(FormatError);
    expect(() => serializeSafetensors([["\ud83d", scalar("int8")]])).toThrow("well-formed strings");
    const metadata = { epoch: 3 } as unknown as Record<string, string>;
    expect(() => serializeSafetensors([], { metadata })).toThrow("well-formed strings, got 3");
    expect(await readdir(folder)).toEqual(["old.safetensors"]);
    expect(await readFile(path, "utf8")).toBe("old");
  });

  test("a disk that fills leaves the old file and no temporary one", async () => {
    const path = join(folder, "checkpoint.safetensors");
    await writeSafetensors(path, [["a", scalar("float32")]]);
    const before = await readFile(path);
    const probe = await open(path, "r");
    const fileHandle = Object.getPrototypeOf(probe);
    await probe.close();
    const write = fileHandle.write;
    let calls = 0;
    vi.spyOn(fileHandle, "write").mockImplementation(function (this: unknown, ...args: unknown[]) {
      if (++calls < 3) return write.apply(this, args);
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    });
    const big: NamedArray = { dtype: "float32", shape: [1000], data: new Float32Array(1000) };
    const tensors: [string, NamedArray][] = [
      ["a", big],
      ["b", big],
    ];
    await expect(writeSafetensors(path, tensors)).rejects.toThrow("ENOSPC");
    expect(calls).toBe(3);
    vi.restoreAllMocks();
    expect(await readdir(folder)).toEqual(["checkpoint.safetensors"]);
    expect(await readFile(path)).toEqual(before);
  });

  test("a short write is continued where it stopped", async () => {
    const path = join(folder, "short.safetensors");
    await writeFile(path, "");
    const probe = await open(path, "r");
    const fileHandle = Object.getPrototypeOf(probe);
    await probe.close();
    const write = fileHandle.write;
    vi.spyOn(fileHandle, "write").mockImplementation(function (this: unknown, ...args: unknown[]) {
      const [bytes, offset, length, position] = args as [Uint8Array, number, number, number];
      return write.call(this, bytes, offset, Math.min(length, 100), position);
    });
    const tensors = parseSafetensors(readFileSync(fixture("mixed.safetensors")));
    await writeSafetensors(path, tensors);
    expect(await readFile(path)).toEqual(readFileSync(fixture("mixed.safetensors")));
  });

  test("a producer that throws leaves no file", async () => {
    const failing = {
      dtype: "int8",
      shape: [1],
      data: () => Promise.reject(new Error("device lost")),
    } as const;
    await expect(writeSafetensors(join(folder, "new.safetensors"), [["a", failing]])).rejects.toThrow("device lost");
    expect(await readdir(folder)).toEqual([]);
  });
});
