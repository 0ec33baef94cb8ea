// What words say without those around them.
import { tokenClassification } from "@llm/train";
import { labels, type TaggedPassage } from "./taggedPassages.ts";

const commonest = (counts: readonly number[]) => counts.indexOf(Math.max(...counts));
const wordsOf = ({ text, words }: TaggedPassage) =>
  words.map(({ start, end, label }) => ({ word: text.slice(start, end), label }));

/** Entity F1 on `heldOut` of each word's commonest label in `train`; a new word has the label that is commonest of all. */
export function entityF1OfCounting(train: readonly TaggedPassage[], heldOut: readonly TaggedPassage[]): number {
  const none = () => labels.map(() => 0);
  const [total, ofWord] = [none(), new Map<string, number[]>()];
  for (const { word, label } of train.flatMap(wordsOf)) {
    total[label]! += 1;
    const counts = ofWord.get(word) ?? none();
    counts[label]! += 1;
    ofWord.set(word, counts);
  }
  const scorer = tokenClassification({ labels }).scorer!();
  for (const words of heldOut.map(wordsOf)) {
    const guesses = words.map(({ word }) => commonest(ofWord.get(word) ?? total));
    const classes = { dtype: "int32", shape: [1, words.length], data: Int32Array.from(guesses) } as const;
    scorer.add([{ inputIds: [], labels: words.map(({ label }) => label) }], { classes });
  }
  return scorer.result().entityF1!;
}
