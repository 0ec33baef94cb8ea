// The checksum CRC-32C (Castagnoli), as RFC 3720 defines it; Node's own `crc32` is of another polynomial.

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  return remainder;
});

export function crc32c(data: Uint8Array): number {
  let checksum = 0xffffffff;
  for (let i = 0; i < data.length; i++) checksum = table[(checksum ^ data[i]!) & 0xff]! ^ (checksum >>> 8);
  return ~checksum >>> 0;
}
