// The two kinds of matrices in fastText models: plain ones, and rows coded by product quantisation (Jégou et al. 2011).
import type { ByteCursor } from "./byteCursor.ts";

/** Rows of a model that can be added to a vector and multiplied with one. */
export interface ModelMatrix {
  readonly columns: number;
  /** target += row. */
  addRow(target: Float64Array, row: number): void;
  /** The inner product of a row with a vector. */
  dotRow(vector: Float64Array, row: number): number;
}

/** A matrix of float32, row by row. */
export class DenseMatrix implements ModelMatrix {
  readonly values: Float32Array;
  readonly columns: number;

  constructor(values: Float32Array, columns: number) {
    this.values = values;
    this.columns = columns;
  }

  addRow(target: Float64Array, row: number): void {
    const start = row * this.columns;
    for (let i = 0; i < this.columns; i++) target[i]! += this.values[start + i]!;
  }

  dotRow(vector: Float64Array, row: number): number {
    const start = row * this.columns;
    let sum = 0;
    for (let i = 0; i < this.columns; i++) sum += vector[i]! * this.values[start + i]!;
    return sum;
  }
}

/** Centroids of the parts into which a row is cut, 256 for each. */
export interface Codebook {
  readonly parts: number;
  readonly partLength: number;
  readonly centroids: Float32Array;
  /** Length of the last part, where it differs. */
  readonly lastLength: number;
}

const centroidsPerPart = 256;

/** Reads a codebook. */
export function readCodebook(cursor: ByteCursor): Codebook {
  const dimension = cursor.int32();
  const parts = cursor.int32();
  const partLength = cursor.int32();
  const lastLength = cursor.int32();
  return { parts, partLength, lastLength, centroids: cursor.floats(dimension * centroidsPerPart) };
}

interface QuantizedParts {
  readonly columns: number;
  readonly codes: Uint8Array;
  readonly codebook: Codebook;
  /** Lengths of rows, where rows were scaled to one before they were coded. */
  readonly norms?: { readonly codes: Uint8Array; readonly codebook: Codebook };
}

/** A matrix whose rows are codes of centroids. */
export class QuantizedMatrix implements ModelMatrix {
  readonly columns: number;
  readonly #parts: QuantizedParts;
  readonly #row: Float64Array;

  constructor(parts: QuantizedParts) {
    this.columns = parts.columns;
    this.#parts = parts;
    this.#row = new Float64Array(parts.columns);
  }

  addRow(target: Float64Array, row: number): void {
    this.#decode(row);
    for (let i = 0; i < this.columns; i++) target[i]! += this.#row[i]!;
  }

  dotRow(vector: Float64Array, row: number): number {
    this.#decode(row);
    let sum = 0;
    for (let i = 0; i < this.columns; i++) sum += vector[i]! * this.#row[i]!;
    return sum;
  }

  #decode(row: number): void {
    const { codes, codebook, norms } = this.#parts;
    const { parts, partLength, lastLength, centroids } = codebook;
    const norm = norms ? norms.codebook.centroids[norms.codes[row]!]! : 1;
    for (let part = 0; part < parts; part++) {
      const length = part === parts - 1 ? lastLength : partLength;
      const start = part * centroidsPerPart * partLength + codes[row * parts + part]! * length;
      for (let i = 0; i < length; i++) this.#row[part * partLength + i] = norm * centroids[start + i]!;
    }
  }
}
