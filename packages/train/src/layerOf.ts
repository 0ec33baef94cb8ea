// Which of a model's blocks a parameter belongs to: the first number in its name, as Hugging Face checkpoints count blocks.

/** The block's number from 0, for example 3 of `encoder.layer.3.output.dense.weight`; undefined outside of the blocks. */
export function layerOf(name: string): number | undefined {
  const number = name.split(".").find((part) => /^\d+$/.test(part));
  return number === undefined ? undefined : Number(number);
}
