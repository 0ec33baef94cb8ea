// Names in a sequence of labels O, B-PER, I-PER, …, and the F1 of whole names, as CoNLL-2000's `conlleval` and seqeval count them.
import { ignoreIndex } from "./targets.ts";

/** Whether classes say where names begin and go on. */
export function isEntityScheme(labels: readonly string[]): boolean {
  return labels.includes("O") && labels.every((label) => label === "O" || /^[BI]-./.test(label));
}

/** `kind start end` of each name; one that goes on without a beginning, or as another kind, begins there. */
export function entitiesOf(labels: readonly string[]): string[] {
  const entities: string[] = [];
  let kind: string | undefined;
  let start = 0;
  for (let i = 0; i <= labels.length; i++) {
    const label = labels[i] ?? "O";
    const next = label === "O" ? undefined : label.slice(2);
    const goesOn = label.startsWith("I-") && next === kind;
    if (goesOn) continue;
    if (kind !== undefined) entities.push(`${kind} ${start} ${i}`);
    kind = next;
    start = i;
  }
  return entities;
}

/** Counts names in rows of class indices, -100 left out, and tells `entityF1`. */
export function entityScorer(names: readonly string[]) {
  let right = 0;
  let predicted = 0;
  let actual = 0;
  return {
    add(labels: readonly number[], classes: readonly number[]): void {
      const counted = labels.flatMap((label, i) => (label === ignoreIndex ? [] : [i]));
      const truth = new Set(entitiesOf(counted.map((i) => names[labels[i]!]!)));
      const guesses = entitiesOf(counted.map((i) => names[classes[i]!]!));
      right += guesses.filter((guess) => truth.has(guess)).length;
      predicted += guesses.length;
      actual += truth.size;
    },
    result: () => ({ entityF1: predicted + actual === 0 ? 1 : (2 * right) / (predicted + actual) }),
  };
}
