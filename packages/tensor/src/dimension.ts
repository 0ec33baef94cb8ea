// Sizes that may be known only when a program runs: a number, or a polynomial over names such as "batch" or "past+sequence".
// The text form is canonical (terms and factors sorted), so two dimensions are equal exactly when they are `===`.
import { ShapeError } from "./errors.ts";

/** A number of elements along one axis: a number, or names combined by `+`, `-` and `*`, for example `"batch"` or `"2*past+1"`. */
export type Dimension = number | string;

/** Monomials of a polynomial: sorted factor names joined by `*` ("" for the constant term) to their integer coefficient. */
type Polynomial = ReadonlyMap<string, number>;

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** True for a single name, which an input's axis can give a size; false for numbers and for sums and products of names. */
export function isName(dimension: Dimension): dimension is string {
  return typeof dimension === "string" && namePattern.test(dimension);
}

/** The one way to write a dimension; throws a `ShapeError` for text that is none. */
export function canonicalDimension(dimension: Dimension): Dimension {
  return typeof dimension === "number" ? dimension : format(parse(dimension));
}

export function addDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const sum = new Map(parse(a));
  for (const [factors, coefficient] of parse(b)) sum.set(factors, (sum.get(factors) ?? 0) + coefficient);
  return format(sum);
}

export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const product = new Map<string, number>();
  for (const [factorsA, coefficientA] of parse(a)) {
    for (const [factorsB, coefficientB] of parse(b)) {
      const factors = [...splitFactors(factorsA), ...splitFactors(factorsB)].sort().join("*");
      product.set(factors, (product.get(factors) ?? 0) + coefficientA * coefficientB);
    }
  }
  return format(product);
}

export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  return addDimensions(a, multiplyDimensions(b, -1));
}

/** `a / b` where the division is exact and `b` is a single term; undefined otherwise. */
export function divideDimensions(a: Dimension, b: Dimension): Dimension | undefined {
  if (a === b && a !== 0) return 1;
  if (typeof a === "number" && typeof b === "number") return b !== 0 && a % b === 0 ? a / b : undefined;
  const divisor = [...parse(b)];
  if (divisor.length !== 1) return undefined;
  const [divisorFactors, divisorCoefficient] = divisor[0]!;
  const quotient = new Map<string, number>();
  for (const [factors, coefficient] of parse(a)) {
    if (coefficient % divisorCoefficient !== 0) return undefined;
    const rest = splitFactors(factors);
    for (const factor of splitFactors(divisorFactors)) {
      const at = rest.indexOf(factor);
      if (at < 0) return undefined;
      rest.splice(at, 1);
    }
    quotient.set(rest.join("*"), coefficient / divisorCoefficient);
  }
  return format(quotient);
}

export function productOfDimensions(dimensions: readonly Dimension[]): Dimension {
  return dimensions.reduce<Dimension>(multiplyDimensions, 1);
}

/** The terms of a dimension: each an integer coefficient and the names it is multiplied by. */
export function dimensionTerms(dimension: Dimension): { coefficient: number; names: string[] }[] {
  return [...parse(dimension)].map(([factors, coefficient]) => ({ coefficient, names: splitFactors(factors) }));
}

/** The size of a dimension once every name has a value; throws a `ShapeError` for a name without one. */
export function evaluateDimension(dimension: Dimension, sizes: ReadonlyMap<string, number>): number {
  if (typeof dimension === "number") return dimension;
  let total = 0;
  for (const { coefficient, names } of dimensionTerms(dimension)) {
    let product = coefficient;
    for (const name of names) {
      const size = sizes.get(name);
      if (size === undefined) throw new ShapeError(`dimension "${dimension}": no input of the program binds "${name}"`);
      product *= size;
    }
    total += product;
  }
  return total;
}

function splitFactors(factors: string): string[] {
  return factors === "" ? [] : factors.split("*");
}

const parsed = new Map<string, Polynomial>();

function parse(dimension: Dimension): Polynomial {
  if (typeof dimension === "number") return new Map(dimension === 0 ? [] : [["", dimension]]);
  const known = parsed.get(dimension);
  if (known) return known;
  const polynomial = new Map<string, number>();
  for (const term of dimension.replaceAll("-", "+-").split("+")) {
    if (term === "") continue;
    let coefficient = 1;
    const names: string[] = [];
    for (const raw of term.split("*")) {
      const factor = raw.trim().replace(/^-/, () => {
        coefficient = -coefficient;
        return "";
      });
      if (/^\d+$/.test(factor)) coefficient *= Number(factor);
      else if (namePattern.test(factor)) names.push(factor);
      else throw new ShapeError(`dimension "${dimension}": "${raw}" is neither a whole number nor a name`);
    }
    const key = names.sort().join("*");
    polynomial.set(key, (polynomial.get(key) ?? 0) + coefficient);
  }
  parsed.set(dimension, polynomial);
  return polynomial;
}

function format(polynomial: Polynomial): Dimension {
  const terms = [...polynomial].filter(([, coefficient]) => coefficient !== 0);
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0]![0] === "") return terms[0]![1];
  // The constant term goes last: "past+1", not "1+past".
  terms.sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1));
  return terms
    .map(([factors, coefficient], i) => {
      const size = Math.abs(coefficient);
      const text = factors === "" ? String(size) : size === 1 ? factors : `${size}*${factors}`;
      return (coefficient < 0 ? "-" : i === 0 ? "" : "+") + text;
    })
    .join("");
}
