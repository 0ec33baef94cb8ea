// The binary tree of labels of hierarchical softmax (Morin and Bengio 2005), built as fastText builds it: a Huffman tree over
// the labels' counts.

/** Inner nodes have two children; leaves are labels. */
export interface LabelTree {
  readonly labelCount: number;
  /** Children of node i, for labels -1. Nodes below `labelCount` are labels, the last one is the root. */
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** The tree over labels, given by their counts in descending order. */
export function buildLabelTree(labelCounts: readonly number[]): LabelTree {
  const labelCount = labelCounts.length;
  const size = 2 * labelCount - 1;
  const counts = new Float64Array(size).fill(1e15);
  counts.set(labelCounts);
  const left = new Int32Array(size).fill(-1);
  const right = new Int32Array(size).fill(-1);
  let leaf = labelCount - 1;
  let inner = labelCount;
  const takeSmallest = (): number => (leaf >= 0 && counts[leaf]! < counts[inner]! ? leaf-- : inner++);
  for (let node = labelCount; node < size; node++) {
    left[node] = takeSmallest();
    right[node] = takeSmallest();
    counts[node] = counts[left[node]!]! + counts[right[node]!]!;
  }
  return { labelCount, left, right };
}

/**
 * The probability of each label.
 * @param score the logit of going right at an inner node, by the row of the output matrix.
 */
export function labelProbabilities(tree: LabelTree, score: (row: number) => number): Float64Array {
  const { labelCount, left, right } = tree;
  const logs = new Float64Array(left.length);
  for (let node = left.length - 1; node >= labelCount; node--) {
    const goRight = 1 / (1 + Math.exp(-score(node - labelCount)));
    // fastText adds 1e-5 before it takes a logarithm.
    logs[left[node]!] = logs[node]! + Math.log(1 - goRight + 1e-5);
    logs[right[node]!] = logs[node]! + Math.log(goRight + 1e-5);
  }
  return logs.subarray(0, labelCount).map(Math.exp);
}
