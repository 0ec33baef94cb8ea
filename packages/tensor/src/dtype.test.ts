import { describe, expect, it } from "vitest";
import {
  fromBfloat16Bits,
  fromFloat16Bits,
  fromNumbers,
  hostView,
  isHostDataFor,
  toBfloat16Bits,
  toFloat16Bits,
  toNumbers,
} from "./dtype.ts";

const halves = [
  { name: "float16", from: fromFloat16Bits, to: toFloat16Bits, exponent: 0x7c00, fraction: 0x3ff },
  { name: "bfloat16", from: fromBfloat16Bits, to: toBfloat16Bits, exponent: 0x7f80, fraction: 0x7f },
];

describe.each(halves)("$name", ({ from, to, exponent, fraction }) => {
  it("keeps every one of the 65,536 patterns; NaN stays NaN", () => {
    const lost: number[] = [];
    for (let bits = 0; bits < 65536; bits++) {
      const isNotANumber = (bits & exponent) === exponent && (bits & fraction) !== 0;
      const back = to(from(bits));
      if (isNotANumber ? !Number.isNaN(from(back)) : back !== bits) lost.push(bits);
    }
    expect(lost).toEqual([]);
  });

  it("rounds what lies between two neighbours to the nearer, ties to the even one", () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < exponent - 1; bits++) {
      const [low, high] = [from(bits), from(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const nearLow = to(low + (high - low) * 0.25);
      const nearHigh = to(low + (high - low) * 0.75);
      if (to(middle) !== even || nearLow !== bits || nearHigh !== bits + 1) wrong.push(bits);
      if (to(-middle) !== (even | 0x8000)) wrong.push(-bits);
    }
    expect(wrong).toEqual([]);
  });

  it("becomes infinite where the next power of two is nearer than the largest number", () => {
    const largest = from(exponent - 1);
    const next = 2 ** (Math.floor(Math.log2(largest)) + 1);
    expect(to((largest + next) / 2)).toBe(exponent);
    expect(to(largest + (next - largest) * 0.49)).toBe(exponent - 1);
    expect(to(Number.POSITIVE_INFINITY)).toBe(exponent);
    expect(to(Number.NEGATIVE_INFINITY)).toBe(exponent | 0x8000);
  });
});

describe("host data", () => {
  it("is truncated and wrapped for integers, 0 or 1 for bool, bits for the halves", () => {
    expect(fromNumbers("uint8", [257, -1, 1.9])).toEqual(new Uint8Array([1, 255, 1]));
    expect(fromNumbers("int64", [-1.5, 2 ** 40])).toEqual(new BigInt64Array([-1n, 2n ** 40n]));
    expect(fromNumbers("int64", [Number.NaN])).toEqual(new BigInt64Array([-(2n ** 63n)]));
    expect(fromNumbers("bool", [0, -0, 2, Number.NaN])).toEqual(new Uint8Array([0, 0, 1, 1]));
    expect(fromNumbers("float16", [1])).toEqual(new Uint16Array([0x3c00]));
    expect(toNumbers("bfloat16", new Uint16Array([0x3f80, 0xc000]))).toEqual(new Float64Array([1, -2]));
  });

  it("views bytes in place, or a copy where they are not aligned", () => {
    const bytes = new Uint8Array(new Float32Array([0, 1.5]).buffer);
    const view = hostView("float32", bytes);
    expect(view.buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(9);
    shifted.set(bytes, 1);
    expect(hostView("float32", shifted.subarray(1))).toEqual(new Float32Array([0, 1.5]));
  });

  it("is recognised by its array", () => {
    expect(isHostDataFor("bool", new Uint8Array(1))).toBe(true);
    expect(isHostDataFor("int8", new Uint8Array(1))).toBe(false);
  });
});
