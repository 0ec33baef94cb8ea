// XXH64 (Yann Collet's xxHash, 64 bits, seed 0), the hash by which datatrove names shingles.
import { add, foldRight, multiply, rotateLeft, type Uint64 } from "./uint64.ts";

const p1 = { high: 0x9e3779b1 | 0, low: 0x85ebca87 | 0 };
const p2 = { high: 0xc2b2ae3d | 0, low: 0x27d4eb4f | 0 };
const p3 = { high: 0x165667b1 | 0, low: 0x9e3779f9 | 0 };
const p4 = { high: 0x85ebca77 | 0, low: 0xc2b2ae63 | 0 };
const p5 = { high: 0x27d4eb2f | 0, low: 0x165667c5 | 0 };

const lane: Uint64 = { high: 0, low: 0 };
const lanes: readonly Uint64[] = Array.from({ length: 4 }, () => ({ high: 0, low: 0 }));

/** Writes the XXH64 of `bytes[start, end)` to `target`. */
export function xxhash64(target: Uint64, bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  if (end - start >= 32) {
    at = hashStripes(target, bytes, start, end);
  } else {
    target.high = p5.high;
    target.low = p5.low;
  }
  add(target, 0, end - start);
  for (; at + 8 <= end; at += 8) {
    lane.high = 0;
    lane.low = 0;
    mixLane(lane, bytes, at);
    target.high ^= lane.high;
    target.low ^= lane.low;
    rotateLeft(target, 27);
    multiply(target, p1.high, p1.low);
    add(target, p4.high, p4.low);
  }
  if (at + 4 <= end) {
    lane.high = 0;
    lane.low = word(bytes, at);
    multiply(lane, p1.high, p1.low);
    target.high ^= lane.high;
    target.low ^= lane.low;
    rotateLeft(target, 23);
    multiply(target, p2.high, p2.low);
    add(target, p3.high, p3.low);
    at += 4;
  }
  for (; at < end; at++) {
    lane.high = 0;
    lane.low = bytes[at]!;
    multiply(lane, p5.high, p5.low);
    target.high ^= lane.high;
    target.low ^= lane.low;
    rotateLeft(target, 11);
    multiply(target, p1.high, p1.low);
  }
  foldRight(target, 33);
  multiply(target, p2.high, p2.low);
  foldRight(target, 29);
  multiply(target, p3.high, p3.low);
  foldRight32(target);
}

function hashStripes(target: Uint64, bytes: Uint8Array, start: number, end: number): number {
  const [a, b, c, d] = lanes as [Uint64, Uint64, Uint64, Uint64];
  Object.assign(a, p1);
  add(a, p2.high, p2.low);
  Object.assign(b, p2);
  Object.assign(c, { high: 0, low: 0 });
  // -p1, by two's complement.
  Object.assign(d, { high: ~p1.high, low: ~p1.low });
  add(d, 0, 1);
  let at = start;
  for (; at + 32 <= end; at += 32) {
    mixLane(a, bytes, at);
    mixLane(b, bytes, at + 8);
    mixLane(c, bytes, at + 16);
    mixLane(d, bytes, at + 24);
  }
  Object.assign(target, { high: 0, low: 0 });
  for (const [i, turn] of [1, 7, 12, 18].entries()) {
    Object.assign(lane, lanes[i]);
    rotateLeft(lane, turn);
    add(target, lane.high, lane.low);
  }
  for (const accumulator of lanes) {
    multiply(accumulator, p2.high, p2.low);
    rotateLeft(accumulator, 31);
    multiply(accumulator, p1.high, p1.low);
    target.high ^= accumulator.high;
    target.low ^= accumulator.low;
    multiply(target, p1.high, p1.low);
    add(target, p4.high, p4.low);
  }
  return at;
}

/** One round: the accumulator takes in eight bytes. */
function mixLane(accumulator: Uint64, bytes: Uint8Array, at: number): void {
  const { high, low } = accumulator;
  accumulator.high = word(bytes, at + 4);
  accumulator.low = word(bytes, at);
  multiply(accumulator, p2.high, p2.low);
  add(accumulator, high, low);
  rotateLeft(accumulator, 31);
  multiply(accumulator, p1.high, p1.low);
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function foldRight32(target: Uint64): void {
  target.low ^= target.high;
}
