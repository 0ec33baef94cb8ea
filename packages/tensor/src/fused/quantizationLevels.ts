// The 256 numbers that an 8-bit code of block-wise quantisation stands for: the dynamic map of Dettmers (2015, arXiv:1511.04561), as
// bitsandbytes and torchao have it. Seven decades, each with twice as many levels as the one below; so small numbers keep their order
// of magnitude and large ones two digits.

/** Levels from -1 to 1, or from 0 to 1 with twice as many to a decade. */
export type QuantizationLevels = "signed" | "unsigned";

const decades = 7;

function makeLevels(signed: boolean): Float32Array {
  const levels = [0, 1];
  for (let decade = 0; decade < decades; decade++) {
    const scale = Math.fround(10 ** (decade - decades + 1));
    const count = 2 ** (signed ? decade : decade + 1);
    for (let i = 0; i < count; i++) {
      const level = scale * Math.fround(0.1 + (0.9 * (i + 0.5)) / count);
      levels.push(level, ...(signed ? [-level] : []));
    }
  }
  return Float32Array.from(levels).sort();
}

/** In ascending order. */
export const quantizationLevels: Readonly<Record<QuantizationLevels, Float32Array>> = {
  signed: makeLevels(true),
  unsigned: makeLevels(false),
};

/** A number above the i-th of these is nearer to level i + 1 than to level i. */
export function levelBoundaries(levels: QuantizationLevels): Float32Array {
  const values = quantizationLevels[levels];
  return Float32Array.from({ length: values.length - 1 }, (_, i) => (values[i]! + values[i + 1]!) / 2);
}
