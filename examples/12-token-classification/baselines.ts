// What words say without those around them: the label that is commonest of all, and the one that each word mostly has.
import { tokenClassification } from "@llm/train";
import { type BareText, labels } from "./bareWords.ts";

const commonest = (counts: readonly number[]) => counts.indexOf(Math.max(...counts));
const wordsOf = ({ text, words }: BareText) =>
  words.map(({ start, end, label }) => ({ word: text.slice(start, end), label }));

interface Scores {
  readonly accuracy: number;
  /** Mean of the labels' F1. */
  readonly f1: number;
}

/** How right the two choices, counted in `train`, are on `heldOut`. A word that is new has the label that is commonest of all. */
export function scoresOfCounting(train: readonly BareText[], heldOut: readonly BareText[]): Record<string, Scores> {
  const none = () => labels.map(() => 0);
  const [total, ofWord] = [none(), new Map<string, number[]>()];
  for (const { word, label } of train.flatMap(wordsOf)) {
    total[label]! += 1;
    const counts = ofWord.get(word) ?? none();
    counts[label]! += 1;
    ofWord.set(word, counts);
  }
  const words = heldOut.flatMap(wordsOf);
  const scores = (choice: (word: string) => number): Scores => {
    const guesses = words.map(({ word }) => choice(word));
    const scorer = tokenClassification().scorer!();
    const classes = { dtype: "int32", shape: [1, words.length], data: Int32Array.from(guesses) } as const;
    scorer.add([{ inputIds: [], labels: words.map(({ label }) => label) }], { classes });
    const right = words.filter(({ label }, i) => label === guesses[i]);
    return { accuracy: right.length / words.length, f1: scorer.result().f1! };
  };
  return {
    "the commonest label for all": scores(() => commonest(total)),
    "each word's commonest": scores((word) => commonest(ofWord.get(word) ?? total)),
  };
}
