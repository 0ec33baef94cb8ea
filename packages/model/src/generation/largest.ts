// The largest of many numbers, without sorting them all.

/** Indices of the `count` largest values, the largest first and the lower index first among equals. */
export function largest(values: Float32Array, count: number): number[] {
  if (count <= 0) return [];
  const smallest = count < values.length ? nthLargest(values, count) : Number.NEGATIVE_INFINITY;
  const above: number[] = [];
  const equal: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > smallest) above.push(i);
    else if (values[i]! === smallest && equal.length < count) equal.push(i);
  }
  return above.sort((a, b) => values[b]! - values[a]! || a - b).concat(equal.slice(0, count - above.length));
}

/** The value that is the `count`-th when the largest comes first. */
export function nthLargest(values: Float32Array, count: number): number {
  // A heap of the largest so far with the smallest at its root; sorted numbers are one.
  const heap = values.slice(0, count).sort();
  for (let i = count; i < values.length; i++) if (values[i]! > heap[0]!) replaceRoot(heap, values[i]!);
  return heap[0]!;
}

function replaceRoot(heap: Float32Array, value: number): void {
  let place = 0;
  for (let child = 1; child < heap.length; child = 2 * place + 1) {
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (value <= heap[child]!) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = value;
}

/** The index of the largest value (the first of equals), or of the first that is NaN. */
export function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) return i;
    if (values[i]! > values[best]!) best = i;
  }
  return best;
}
