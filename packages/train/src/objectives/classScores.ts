// Scores of predicted classes over a whole evaluation.
import type { Scorer } from "./objective.ts";
import { ignoreIndex } from "./targets.ts";

/** How often a class was right, predicted wrongly, or missed. */
interface Counts {
  right: number;
  wrong: number;
  missed: number;
}

/** F1 of each class, from its counts; 0 for one that was never right. */
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
