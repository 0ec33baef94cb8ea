// The groups of a LaTeX source.

/** Where the brace that ends each group stands; -1 for all else and for groups that are left open. */
export function matchBraces(text: string): Int32Array {
  const matches = new Int32Array(text.length).fill(-1);
  const open: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === "\\") at += 1;
    else if (sign === "{") open.push(at);
    else if (sign === "}") {
      const start = open.pop();
      if (start !== undefined) matches[start] = at;
    }
  }
  return matches;
}
