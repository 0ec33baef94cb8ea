// Products and sums written with a letter for each axis, as in NumPy, PyTorch and JAX: each pair of tensors becomes one `matmul`.
import { type Dimension, productOfDimensions } from "../dimension.ts";
import { ShapeError, TensorError } from "../errors.ts";
import { describeShape, type Tensor } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/movement.ts";

/** A tensor with a letter for each of its axes. */
interface Term {
  readonly tensor: Tensor;
  readonly letters: readonly string[];
}

/**
 * Sums of products, with letters for axes: those that are not in the result are summed over. A letter is a lower- or upper-case one,
 * stands once in a term and has the same size everywhere; the result is always written (`"bij,bjk->bik"`).
 * Throws a `TensorError` for an equation that is none, a `ShapeError` for tensors that do not fit it.
 *
 * @example
 * const scores = einsum("bthd,bshd->bhts", query, key);
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  const { inputs, result } = parse(equation, tensors);
  const terms = inputs.map((letters, i): Term => ({ letters, tensor: tensors[i]! }));
  const sizes = sizesOf(equation, terms);
  const product = terms.reduce((left, right, i) => {
    const later = new Set([...result, ...inputs.slice(i + 1).flat()]);
    return multiply(
      sumOut(left, [...right.letters, ...later]),
      sumOut(right, [...left.letters, ...later]),
      later,
      sizes,
    );
  });
  const { tensor, letters } = sumOut(product, result);
  return ordered({ tensor, letters }, result);
}

function parse(equation: string, tensors: readonly Tensor[]) {
  const match = /^([A-Za-z,]*)->([A-Za-z]*)$/.exec(equation.replaceAll(/\s/g, ""));
  if (!match) throw new TensorError(`einsum: expected letters as in "bij,bjk->bik", got "${equation}"`);
  const inputs = match[1]!.split(",").map((term) => [...term]);
  const result = [...match[2]!];
  const twice = [...inputs, result].find((letters) => new Set(letters).size < letters.length);
  if (twice) throw new TensorError(`einsum: a letter stands twice in "${twice.join("")}" of "${equation}"`);
  const unknown = result.find((letter) => !inputs.flat().includes(letter));
  if (unknown) throw new TensorError(`einsum: "${unknown}" of the result is in no term of "${equation}"`);
  if (inputs.length !== tensors.length) {
    throw new TensorError(`einsum: "${equation}" has ${inputs.length} terms, got ${tensors.length} tensors`);
  }
  return { inputs, result };
}

function sizesOf(equation: string, terms: readonly Term[]): ReadonlyMap<string, Dimension> {
  const sizes = new Map<string, Dimension>();
  for (const { letters, tensor } of terms) {
    if (letters.length !== tensor.shape.length) {
      throw new ShapeError(
        `einsum: "${letters.join("")}" of "${equation}" does not fit ${describeShape(tensor.shape)}`,
      );
    }
    for (const [axis, letter] of letters.entries()) {
      const [size, before] = [tensor.shape[axis]!, sizes.get(letter)];
      if (before !== undefined && before !== size) {
        throw new ShapeError(`einsum: "${letter}" of "${equation}" is ${before} in one tensor and ${size} in another`);
      }
      sizes.set(letter, size);
    }
  }
  return sizes;
}

/** Summed over the axes whose letters nobody needs. */
function sumOut({ tensor, letters }: Term, needed: readonly string[]): Term {
  const axes = [...letters.keys()].filter((axis) => !needed.includes(letters[axis]!));
  return { tensor: sum(tensor, axes), letters: letters.filter((letter) => needed.includes(letter)) };
}

function ordered({ tensor, letters }: Term, wanted: readonly string[]): Tensor {
  if (letters.every((letter, axis) => letter === wanted[axis])) return tensor;
  return transpose(
    tensor,
    wanted.map((letter) => letters.indexOf(letter)),
  );
}

/** [shared and needed..., only left..., only right...]: shared axes that nobody needs are those the matrix product adds up over. */
function multiply(left: Term, right: Term, needed: ReadonlySet<string>, sizes: ReadonlyMap<string, Dimension>): Term {
  const shared = left.letters.filter((letter) => right.letters.includes(letter));
  const batch = shared.filter((letter) => needed.has(letter));
  const inner = shared.filter((letter) => !needed.has(letter));
  const rows = left.letters.filter((letter) => !shared.includes(letter));
  const columns = right.letters.filter((letter) => !shared.includes(letter));
  const shapeOf = (letters: readonly string[]) => letters.map((letter) => sizes.get(letter)!);
  const matrices = (term: Term, own: readonly string[]) =>
    reshape(ordered(term, [...batch, ...own, ...inner]), [
      ...shapeOf(batch),
      productOfDimensions(shapeOf(own)),
      productOfDimensions(shapeOf(inner)),
    ]);
  const product = matmul(matrices(left, rows), matrices(right, columns), { transposeB: true });
  const letters = [...batch, ...rows, ...columns];
  return { tensor: reshape(product, shapeOf(letters)), letters };
}
