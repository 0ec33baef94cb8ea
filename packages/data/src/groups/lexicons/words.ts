// How the lists are written: terms with commas between them, over as many lines as they take.

/** The terms of a list. */
export function terms(list: string): readonly string[] {
  return list
    .split(",")
    .map((term) => term.trim().replace(/\s+/g, " "))
    .filter((term) => term !== "");
}
