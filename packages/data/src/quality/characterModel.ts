// How likely a text is, letter by letter: a model of runs of three letters, with which texts without sense (mashed keys, broken OCR,
// encoded data) stand out by their perplexity.
import { writeFileAtomically } from "../atomicFile.ts";
import { DataError, FormatError, systemReason } from "../errors.ts";
import { readWholeFile } from "../wholeFile.ts";

const formatName = "llm-character-model";
const formatVersion = 1;
/** Letters besides the space and the mark for all others. */
const maxAlphabet = 96;
/** A byte of the table is a sixteenth of a nat. */
const stepsPerNat = 16;
const separator = 0;
const notLetters = /[^\p{L}\p{M}]+/gu;

/** A model of an alphabetic language. Texts are compared in lower case; all that is no letter is one space. */
export class CharacterModel {
  /** The letters known, the commonest first. */
  readonly alphabet: string;
  readonly #symbols: ReadonlyMap<string, number>;
  readonly #size: number;
  /** By two symbols before and the symbol itself: minus the logarithm of the probability. */
  readonly #costs: Uint8Array;

  /** @throws DataError for a table of another size than the alphabet asks for */
  constructor(alphabet: string, costs: Uint8Array) {
    this.alphabet = alphabet;
    const letters = [...alphabet];
    this.#symbols = symbolsOf(letters);
    this.#size = letters.length + 2;
    if (costs.length !== this.#size ** 3) {
      throw new DataError(
        `CharacterModel: expected ${this.#size ** 3} costs for ${letters.length} letters, got ${costs.length}`,
      );
    }
    this.#costs = costs;
  }

  /**
   * Opens a file written by `save`.
   * @throws FileError when it cannot be read, FormatError when it is no such file.
   */
  static async load(path: string): Promise<CharacterModel> {
    const content = (await readWholeFile(path)).toString("utf8");
    try {
      const { format, version, alphabet, costs } = JSON.parse(content) as Record<string, unknown>;
      if (
        format === formatName &&
        version === formatVersion &&
        typeof alphabet === "string" &&
        typeof costs === "string"
      ) {
        return new CharacterModel(alphabet, Buffer.from(costs, "base64"));
      }
    } catch (error) {
      throw new FormatError({ file: path }, "not a character model", systemReason(error), { cause: error });
    }
    throw new FormatError(
      { file: path },
      "not a character model",
      `expected version ${formatVersion} of ${formatName}`,
    );
  }

  /** Writes the model as JSON, whole or not at all: 29 KB for English. */
  async save(path: string): Promise<void> {
    await writeFileAtomically(path, JSON.stringify(this));
  }

  /** What a file of the model holds. */
  toJSON(): Record<string, unknown> {
    const costs = Buffer.from(this.#costs).toString("base64");
    return { format: formatName, version: formatVersion, alphabet: this.alphabet, costs };
  }

  /** What the text is, letter by letter: how many letters it has, how many the model knows, and its perplexity. */
  measure(text: string): { letters: number; known: number; perplexity: number } {
    const { symbols, letters, known } = symbolsIn(text, this.#symbols);
    let cost = 0;
    for (let i = 2; i < symbols.length; i++) {
      cost += this.#costs[(symbols[i - 2]! * this.#size + symbols[i - 1]!) * this.#size + symbols[i]!]!;
    }
    const perplexity = symbols.length > 2 ? Math.exp(cost / stepsPerNat / (symbols.length - 2)) : 1;
    return { letters, known, perplexity };
  }
}

/**
 * Learns a model from texts of one language: counts of runs of three letters, mixed with those of two, one and none by the
 * method of Witten and Bell (1991).
 *
 * @throws DataError for texts without letters, and for scripts of more than 96 common letters, such as Chinese
 */
export async function trainCharacterModel(texts: AsyncIterable<string> | Iterable<string>): Promise<CharacterModel> {
  const words = new Map<string, number>();
  const letterCounts = new Map<string, number>();
  for await (const text of texts) {
    for (const word of plain(text).split(" ")) words.set(word, (words.get(word) ?? 0) + 1);
  }
  words.delete("");
  let total = 0;
  for (const [word, count] of words) {
    for (const letter of word) letterCounts.set(letter, (letterCounts.get(letter) ?? 0) + count);
    total += [...word].length * count;
  }
  if (total === 0) throw new DataError("trainCharacterModel: expected texts with letters, got none");
  // Rarer letters are those of names and words of other languages.
  const letters = [...letterCounts]
    .filter(([, count]) => count >= total / 10_000)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([letter]) => letter);
  if (letters.length > maxAlphabet) {
    throw new DataError(
      `trainCharacterModel: expected a script of at most ${maxAlphabet} common letters, got ${letters.length} (train a text classifier instead)`,
    );
  }
  const symbols = symbolsOf(letters);
  const size = letters.length + 2;
  const counts = new Float64Array(size ** 3);
  for (const [word, count] of words) {
    // A word with the end of the one before and its own end.
    const run = [separator, separator, ...Array.from(word, (letter) => symbols.get(letter) ?? size - 1), separator];
    for (let i = 2; i < run.length; i++) counts[(run[i - 2]! * size + run[i - 1]!) * size + run[i]!]! += count;
  }
  return new CharacterModel(letters.join(""), costsOf(counts, size));
}

function plain(text: string): string {
  return text.normalize("NFC").toLowerCase().replace(notLetters, " ");
}

function symbolsOf(letters: readonly string[]): ReadonlyMap<string, number> {
  return new Map([[" ", separator], ...letters.map((letter, i) => [letter, i + 1] as const)]);
}

/** The symbols of a text between separators, two in front: each word is judged apart from those around it. */
function symbolsIn(
  text: string,
  symbols: ReadonlyMap<string, number>,
): { symbols: number[]; letters: number; known: number } {
  const other = symbols.size;
  const found = [separator, separator];
  let letters = 0;
  let known = 0;
  for (const letter of `${plain(text).trim()} `) {
    const symbol = symbols.get(letter) ?? other;
    if (symbol === separator) {
      if (letters > 0) found.push(separator);
      continue;
    }
    letters += 1;
    if (symbol !== other) known += 1;
    found.push(symbol);
  }
  return { symbols: found, letters, known };
}

/** Costs from counts, mixed by Witten and Bell: the fewer successors a context has, the more it is trusted. */
function costsOf(counts: Float64Array, size: number): Uint8Array {
  const ones = summed(counts, size ** 2, size);
  const twos = summed(counts, size, size ** 2);
  let probabilities = new Float64Array(size).fill(1 / size);
  for (const level of [ones, twos, counts]) {
    const next = new Float64Array(level.length);
    for (let start = 0; start < level.length; start += size) {
      let sum = 0;
      let kinds = 0;
      for (let i = 0; i < size; i++) {
        sum += level[start + i]!;
        kinds += level[start + i]! > 0 ? 1 : 0;
      }
      for (let i = 0; i < size; i++) {
        const lower = probabilities[(start + i) % probabilities.length]!;
        next[start + i] = sum === 0 ? lower : (level[start + i]! + kinds * lower) / (sum + kinds);
      }
    }
    probabilities = next;
  }
  return Uint8Array.from(probabilities, (p) => Math.min(255, Math.round(-Math.log(p) * stepsPerNat)));
}

/** Counts of shorter runs: the first symbols, `contexts` of them, summed up. */
function summed(counts: Float64Array, contexts: number, length: number): Float64Array {
  const sums = new Float64Array(length);
  for (let context = 0; context < contexts; context++) {
    for (let i = 0; i < length; i++) sums[i]! += counts[context * length + i]!;
  }
  return sums;
}
