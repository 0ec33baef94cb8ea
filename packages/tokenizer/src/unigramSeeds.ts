// The tokens that Unigram training starts from: every character, and the substrings that come more than once and are followed
// by different characters, found in a sorted list of all suffixes (as SentencePiece and Hugging Face do with a suffix array).

/** Words as code points, each ended by a 0. */
export interface FlatWords {
  readonly codes: Uint32Array;
  /** How often each word occurs. */
  readonly counts: Float64Array;
}

/** A token with its log probability. */
export interface ScoredToken {
  readonly token: string;
  readonly score: number;
}

/** Options of {@link seedTokens}. */
export interface SeedOptions {
  /** Of tokens, in characters. */
  readonly maxTokenLength: number;
  /** No substrings are added once there are so many tokens. */
  readonly seedSize: number;
}

/** What a sorted list of suffixes shares: `length` characters, `count` times, first at place `first` of the list. */
interface SharedPrefix {
  readonly first: number;
  readonly count: number;
  readonly length: number;
}

/**
 * Characters by falling count, then substrings by falling length × occurrences in distinct words; equal ones by falling order
 * of code points.
 */
export function seedTokens(words: FlatWords, { maxTokenLength, seedSize }: SeedOptions): ScoredToken[] {
  const characters = countCharacters(words);
  const seeds = [...characters]
    .sort(([a, left], [b, right]) => right - left || b - a)
    .map(([code, count]) => ({ token: String.fromCodePoint(code), score: count }));
  const { codes } = words;
  const suffixes = sortSuffixes(codes, maxTokenLength + 1);
  const substrings: SharedPrefix[] = [];
  for (const shared of sharedPrefixes(codes, suffixes, maxTokenLength + 1)) {
    const start = suffixes[shared.first]!;
    if (shared.length < 2 || shared.length > maxTokenLength || codes[start + shared.length - 1] === 0) continue;
    substrings.push(shared);
  }
  // What comes later in the sorted list is greater, and so is the longer one of two that start at the same place.
  substrings.sort((a, b) => b.count * b.length - a.count * a.length || b.first - a.first || b.length - a.length);
  for (const { first, count, length } of substrings) {
    const start = suffixes[first]!;
    seeds.push({ token: String.fromCodePoint(...codes.subarray(start, start + length)), score: count * length });
    if (seeds.length >= seedSize) break;
  }
  const logSum = Math.log(seeds.reduce((sum, seed) => sum + seed.score, 0));
  return seeds.map(({ token, score }) => ({ token, score: Math.log(score) - logSum }));
}

function countCharacters({ codes, counts }: FlatWords): Map<number, number> {
  const characters = new Map<number, number>();
  let word = 0;
  for (const code of codes) {
    if (code === 0) word++;
    else characters.set(code, (characters.get(code) ?? 0) + counts[word]!);
  }
  return characters;
}

/** The starts of all suffixes, sorted by their first `depth` codes: quicksort on one code at a time (Bentley and Sedgewick 1997). */
function sortSuffixes(codes: Uint32Array, depth: number): Uint32Array {
  const suffixes = Uint32Array.from(codes, (_, index) => index);
  const codeAt = (place: number, offset: number): number => codes[suffixes[place]! + offset] ?? 0;
  const swap = (a: number, b: number): void => {
    const kept = suffixes[a]!;
    suffixes[a] = suffixes[b]!;
    suffixes[b] = kept;
  };
  const pending: [first: number, last: number, offset: number][] = [[0, codes.length - 1, 0]];
  for (let task = pending.pop(); task; task = pending.pop()) {
    const [first, last, offset] = task;
    if (first >= last || offset >= depth) continue;
    const pivot = codeAt((first + last) >>> 1, offset);
    let [less, at, greater] = [first, first, last];
    while (at <= greater) {
      const code = codeAt(at, offset);
      if (code < pivot) swap(less++, at++);
      else if (code > pivot) swap(at, greater--);
      else at++;
    }
    pending.push([first, less - 1, offset], [greater + 1, last, offset]);
    // A word's end is compared with no further.
    if (pivot !== 0) pending.push([less, greater, offset + 1]);
  }
  return suffixes;
}

/** The inner nodes of the suffix tree, as deep as `depth`: what neighbours in the sorted list share. */
function* sharedPrefixes(codes: Uint32Array, suffixes: Uint32Array, depth: number): Generator<SharedPrefix> {
  const open: { first: number; length: number }[] = [];
  for (let place = 1; place <= suffixes.length; place++) {
    const length = place < suffixes.length ? sharedLength(codes, suffixes[place - 1]!, suffixes[place]!, depth) : 0;
    let first = place - 1;
    for (let top = open.at(-1); top && top.length > length; top = open.at(-1)) {
      open.pop();
      yield { first: top.first, count: place - top.first, length: top.length };
      first = top.first;
    }
    if (length > (open.at(-1)?.length ?? 0)) open.push({ first, length });
  }
}

/** How many codes two suffixes share, the end of a word counted as the last. */
function sharedLength(codes: Uint32Array, a: number, b: number, depth: number): number {
  for (let length = 0; length < depth; length++) {
    if (codes[a + length] !== codes[b + length]) return length;
    if (codes[a + length] === 0) return length + 1;
  }
  return depth;
}
