// Counter-based random numbers: a pure function of (seed, step, place, position), the same bits on every executor, so that a
// resumed run repeats one that was never stopped. Each number is a 32-bit hash of its position, mixed with two key words;
// the multipliers are those of "lowbias32" (Wellons, "Prospecting for Hash Functions", 2018).
import { TensorError } from "./errors.ts";
import type { Shape, Tensor } from "./graph.ts";
import { constant, iota, tensor } from "./ops/create.ts";
import { bitwiseXor, cast, cos, log, mul, shiftRight, sqrt, sub } from "./ops/elementwise.ts";
import { reshape, slice } from "./ops/movement.ts";
import { elementCount } from "./shape.ts";

const multiplierA = 0x21f0aaad;
const multiplierB = 0x735a2d97;

/**
 * Where a stream of random numbers begins. Never use one key for two draws: derive a key for each place.
 *
 * @example
 * const key = RandomKey.from(42, step); // pass it to a compiled function as an argument
 * const hidden = dropout(x, 0.1, key.derive("hidden"));
 */
export class RandomKey {
  /** uint32[2]. */
  readonly words: Tensor;

  /** @internal Use `RandomKey.from`. */
  constructor(words: Tensor) {
    this.words = words;
  }

  /** The key of a step of a run. Throws a `TensorError` unless `seed` and `step` are whole numbers below 2^53. */
  static from(seed: number, step = 0): RandomKey {
    return new RandomKey(tensor(keyWords(seed, step)));
  }

  /** An independent key for a place in the program, for example a layer's name. */
  derive(place: string | number): RandomKey {
    const text = String(place);
    return new RandomKey(bitwiseXor(this.words, constant([hashText(text, 1), hashText(text, 2)], "uint32", [2])));
  }
}

/** uint32 of `shape`, every bit equally likely 0 or 1. */
export function randomBits(key: RandomKey, shape: Shape): Tensor {
  const count = elementCount(shape);
  const [first, second] = [slice(key.words, 0, 0, 1), slice(key.words, 0, 1, 2)];
  let bits = bitwiseXor(cast(iota(count), "uint32"), first);
  bits = mul(bitwiseXor(bits, shiftRight(bits, 16)), multiplierA);
  bits = bitwiseXor(bits, bitwiseXor(shiftRight(bits, 15), second));
  bits = mul(bits, multiplierB);
  bits = bitwiseXor(bits, shiftRight(bits, 15));
  return reshape(bits, shape);
}

/** float32 of `shape`, uniform in [0, 1). */
export function randomUniform(key: RandomKey, shape: Shape): Tensor {
  return mul(cast(cast(shiftRight(randomBits(key, shape), 8), "int32"), "float32"), 2 ** -24);
}

/** float32 of `shape`, normal with mean 0 and standard deviation 1 (Box and Muller 1958); equal on executors but for rounding. */
export function randomNormal(key: RandomKey, shape: Shape): Tensor {
  // 1 - u is never 0.
  const radius = sqrt(mul(log(sub(1, randomUniform(key.derive("radius"), shape))), -2));
  return mul(radius, cos(mul(randomUniform(key.derive("angle"), shape), 2 * Math.PI)));
}

function mix(value: number, word: number): number {
  let bits = (value ^ word) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), multiplierA);
  bits = Math.imul(bits ^ (bits >>> 15), multiplierB);
  return (bits ^ (bits >>> 15)) >>> 0;
}

function hashText(text: string, seed: number): number {
  let hash = mix(seed, 0x9e3779b9);
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i) + 1);
  return hash;
}

function keyWords(seed: number, step: number): Uint32Array {
  for (const number of [seed, step]) {
    if (!Number.isSafeInteger(number)) {
      throw new TensorError(`random: seed and step must be whole numbers below 2^53, got ${number}`);
    }
  }
  // Seeds and steps above 2^32 differ in their high words.
  const words = [seed, Math.floor(seed / 2 ** 32), step, Math.floor(step / 2 ** 32)];
  return Uint32Array.from([1, 2], (start) => words.reduce((hash, word) => mix(hash + 0x9e3779b9, word >>> 0), start));
}

/** The bits at each position of a stream, signed. */
function hostStream(seed: number, place: string): (position: number) => number {
  const words = keyWords(seed, 0);
  const first = words[0]! ^ hashText(place, 1);
  const second = words[1]! ^ hashText(place, 2);
  return (position) => {
    let value = (position ^ first) >>> 0;
    value = Math.imul(value ^ (value >>> 16), multiplierA);
    value ^= (value >>> 15) ^ second;
    value = Math.imul(value, multiplierB);
    return value ^ (value >>> 15);
  };
}

/** Random bits on the host, `randomBits` without a program: for initialisation and shuffling. */
export function hostRandomBits(seed: number, place: string, count: number): Uint32Array {
  const bitsAt = hostStream(seed, place);
  const bits = new Uint32Array(count);
  for (let i = 0; i < count; i++) bits[i] = bitsAt(i);
  return bits;
}

/** Normal numbers of mean 0 and the given standard deviation on the host (Box and Muller 1958). */
export function hostRandomNormal(seed: number, place: string, count: number, deviation = 1): Float32Array {
  const pairs = Math.ceil(count / 2);
  const bitsAt = hostStream(seed, place);
  const normal = new Float32Array(count);
  for (let pair = 0; pair < pairs; pair++) {
    const radius = deviation * Math.sqrt(-2 * Math.log(((bitsAt(2 * pair) >>> 0) + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * (bitsAt(2 * pair + 1) >>> 0)) / 2 ** 32;
    normal[2 * pair] = radius * Math.cos(angle);
    if (2 * pair + 1 < count) normal[2 * pair + 1] = radius * Math.sin(angle);
  }
  return normal;
}

/** Numbers uniform in [-limit, limit) on the host. */
export function hostRandomUniform(seed: number, place: string, count: number, limit = 1): Float32Array {
  const bitsAt = hostStream(seed, place);
  const uniform = new Float32Array(count);
  for (let i = 0; i < count; i++) uniform[i] = ((bitsAt(i) >>> 0) / 2 ** 31 - 1) * limit;
  return uniform;
}
