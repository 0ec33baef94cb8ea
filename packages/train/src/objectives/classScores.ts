// Scores of predicted classes over a whole evaluation.
import type { Scorer } from "./objective.ts";
import { ignoreIndex } from "./targets.ts";

/** How often a class was right, predicted wrongly, or missed. */
interface Counts {
  right: number;
  wrong: number;
  missed: number;
}

/** F1 of a class, from its counts; 0 for one that was never right. */
function f1({ right, wrong, missed }: Counts): number {
  return right === 0 ? 0 : (2 * right) / (2 * right + wrong + missed);
}

/**
 * Tells `f1`: the mean over all classes that were seen or predicted (scikit-learn's macro average). Reads the prediction `classes`;
 * a label of -100 does not count.
 */
export function classScorer<B>(labelsOf: (batch: B) => readonly number[]): Scorer<B> {
  const classes = new Map<number, Counts>();
  const countsOf = (label: number): Counts => {
    const counts = classes.get(label) ?? { right: 0, wrong: 0, missed: 0 };
    classes.set(label, counts);
    return counts;
  };
  return {
    add(batch, { classes: predicted }) {
      for (const [i, label] of labelsOf(batch).entries()) {
        if (label === ignoreIndex) continue;
        const guess = Number(predicted!.data[i]);
        if (guess === label) countsOf(label).right += 1;
        else {
          countsOf(guess).wrong += 1;
          countsOf(label).missed += 1;
        }
      }
    },
    result: () => ({
      f1: [...classes.values()].reduce((sum, counts) => sum + f1(counts), 0) / Math.max(classes.size, 1),
    }),
  };
}

/**
 * Scores where a text may have any number of classes: `accuracy`, the share of texts with all classes right, `f1`, the mean over the
 * classes, and `f1Micro`, over all of them together (scikit-learn's subset accuracy, macro and micro average). Reads the prediction
 * `logits` [texts, classes]; a class is told above 0, a label counts above a half.
 */
export function multiLabelScorer<B>(labelsOf: (batch: B) => readonly ArrayLike<number>[]): Scorer<B> {
  let classes: Counts[] = [];
  let texts = 0;
  let wholeTexts = 0;
  return {
    add(batch, { logits }) {
      for (const [row, labels] of labelsOf(batch).entries()) {
        if (classes.length === 0) classes = Array.from(labels, () => ({ right: 0, wrong: 0, missed: 0 }));
        let isWhole = true;
        for (const [i, counts] of classes.entries()) {
          const isTold = Number(logits!.data[row * labels.length + i]) > 0;
          const isLabel = labels[i]! > 0.5;
          if (isTold && isLabel) counts.right += 1;
          else if (isTold) counts.wrong += 1;
          else if (isLabel) counts.missed += 1;
          isWhole &&= isTold === isLabel;
        }
        texts += 1;
        if (isWhole) wholeTexts += 1;
      }
    },
    result: () => ({
      accuracy: wholeTexts / Math.max(texts, 1),
      f1: classes.reduce((sum, counts) => sum + f1(counts), 0) / Math.max(classes.length, 1),
      f1Micro: f1(added(classes)),
    }),
  };
}

function added(classes: readonly Counts[]): Counts {
  const total = { right: 0, wrong: 0, missed: 0 };
  for (const { right, wrong, missed } of classes) {
    total.right += right;
    total.wrong += wrong;
    total.missed += missed;
  }
  return total;
}
