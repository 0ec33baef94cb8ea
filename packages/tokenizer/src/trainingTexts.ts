// What a tokenizer is trained on, and the counting of its words: texts in this thread, files in as many as there are cores.

import { countFiles } from "./countFiles.ts";
import { textCounter, type WordRules } from "./countTexts.ts";
import { TokenizerError } from "./errors.ts";
import type { Pace } from "./trainingPace.ts";
import { WordCounter } from "./trainWords.ts";

/** Files of UTF-8 text. Each line, with its line end, is a text of its own, as in Hugging Face's `train(files)`. */
export interface TextFiles {
  readonly files: readonly string[];
  /** Threads that read and count. Default: one for each core. The result does not depend on it. */
  readonly workers?: number;
}

/** Texts to train on: documents or lines, or files of lines. */
export type TrainingTexts = Iterable<string> | AsyncIterable<string> | TextFiles;

/** How far the counting of words is. */
export interface CountingProgress {
  readonly phase: "counting";
  /** Texts that are counted; of files: their lines. */
  readonly texts: number;
  /** In UTF-16 code units. */
  readonly characters: number;
  readonly distinctWords: number;
  /** The most memory that the counts took, in all threads together. */
  readonly memoryBytes: number;
}

/** Code units between two looks at the clock. */
const charactersPerCheck = 1 << 18;

/**
 * Counts the words of all texts.
 * @throws TypeError for what is no text, and TokenizerError if there is no word in them
 */
export async function countWords<Progress>(
  where: string,
  texts: TrainingTexts,
  rules: WordRules,
  pace: Pace<Progress | CountingProgress>,
): Promise<WordCounter> {
  if (typeof texts === "string") {
    throw new TypeError(`${where}: expected an iterable of texts, got one string (wrap it in an array)`);
  }
  const words = new WordCounter();
  const progress = "files" in texts ? await countFiles(where, texts, rules, words, pace) : await count();
  if (words.size === 0) {
    throw new TokenizerError(
      `${where}: expected some text to train on, got ${progress.texts} texts without any (check the source)`,
    );
  }
  pace.report(progress);
  return words;

  async function count(): Promise<CountingProgress> {
    const add = textCounter(rules, words);
    let [index, characters, unchecked] = [0, 0, 0];
    const state = (): CountingProgress => ({
      ...{ phase: "counting", texts: index, characters },
      ...{ distinctWords: words.size, memoryBytes: words.bytes },
    });
    for await (const text of texts as Iterable<string> | AsyncIterable<string>) {
      if (typeof text !== "string") {
        const kind = text === null ? "null" : typeof text;
        throw new TypeError(`${where}: expected text ${index} to be a string, got ${kind}`);
      }
      add(text);
      index++;
      characters += text.length;
      unchecked += text.length;
      if (unchecked < charactersPerCheck) continue;
      unchecked = 0;
      await pace.check(state);
    }
    return state();
  }
}
