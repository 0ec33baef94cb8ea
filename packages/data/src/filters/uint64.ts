// 64-bit unsigned arithmetic on halves of 32 bits, for hashes: BigInt is some thirty times slower.

/** A 64-bit number that functions below change in place. Both halves are kept as signed 32-bit integers. */
export interface Uint64 {
  high: number;
  low: number;
}

/** target := target * (high, low) mod 2^64. */
export function multiply(target: Uint64, high: number, low: number): void {
  const a0 = target.low & 0xffff;
  const a1 = target.low >>> 16;
  const b0 = low & 0xffff;
  const b1 = low >>> 16;
  const low0 = Math.imul(a0, b0);
  const cross0 = Math.imul(a0, b1);
  const cross1 = Math.imul(a1, b0);
  const middle = (low0 >>> 16) + (cross0 & 0xffff) + (cross1 & 0xffff);
  const carried = Math.imul(a1, b1) + (cross0 >>> 16) + (cross1 >>> 16) + (middle >>> 16);
  target.high = (carried + Math.imul(target.high, low) + Math.imul(target.low, high)) | 0;
  target.low = (middle << 16) | (low0 & 0xffff);
}

/** target := target + (high, low) mod 2^64. */
export function add(target: Uint64, high: number, low: number): void {
  const sum = (target.low >>> 0) + (low >>> 0);
  target.high = (target.high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
  target.low = sum | 0;
}
