// From rows of different length to tensors.
import { type Tensor, tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";

export interface PaddingOptions {
  /**
   * Rows are padded to the longest of the batch, rounded up to a multiple of this: each length is a program of its own. Default 32.
   */
  readonly padToMultipleOf?: number;
}

/** The length of the rows of a batch; `atMost` is the context, which no row exceeds. */
export function paddedLength(
  rows: readonly ArrayLike<number>[],
  { padToMultipleOf = 32 }: PaddingOptions,
  atMost: number,
): number {
  const longest = rows.reduce((length, row) => Math.max(length, row.length), 1);
  return Math.max(longest, Math.min(atMost, Math.ceil(longest / padToMultipleOf) * padToMultipleOf));
}

/** Throws a `TrainError` for an option that cannot be. */
export function checkPadding(where: string, { padToMultipleOf = 1 }: PaddingOptions): void {
  if (Number.isSafeInteger(padToMultipleOf) && padToMultipleOf > 0) return;
  throw new TrainError(`${where}: padToMultipleOf must be a whole number above 0, got ${padToMultipleOf}`);
}

/** Rows side by side, the shorter ones filled up with `value`: int32 [rows, length]. */
export function padRows(rows: readonly ArrayLike<number>[], length: number, value: number): Tensor {
  return tensor(paddedRows(rows, length, value), { shape: [rows.length, length] });
}

/** The elements of `padRows`. */
export function paddedRows(rows: readonly ArrayLike<number>[], length: number, value: number): Int32Array {
  const data = new Int32Array(rows.length * length).fill(value);
  for (const [i, row] of rows.entries()) data.set(row, i * length);
  return data;
}

/** attentionMask, 1 for a token and 0 for padding: int32 [rows, length]; nothing where no row is padded, which is faster. */
export function attentionMaskOf(rows: readonly ArrayLike<number>[], length: number): { attentionMask?: Tensor } {
  if (rows.every((row) => row.length === length)) return {};
  const data = new Int32Array(rows.length * length);
  for (const [i, row] of rows.entries()) data.fill(1, i * length, i * length + row.length);
  return { attentionMask: tensor(data, { shape: [rows.length, length] }) };
}

export function tokensIn(rows: readonly ArrayLike<number>[]): number {
  return rows.reduce((total, row) => total + row.length, 0);
}
