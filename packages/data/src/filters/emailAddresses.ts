// The places of e-mail addresses in a text, those that datatrove's pattern finds, looked for from the sign @ on: the pattern itself
// would read a long run without spaces, such as encoded data, anew from each place in it.

const label = "[A-Za-z0-9](?:[A-Za-z0-9\\-]*[A-Za-z0-9])?";
const byte = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)";
const word = "[\\p{L}\\p{N}_]";
const domain = new RegExp(
  `(?:${label}\\.)+${label}|\\[(?:${byte}\\.){3}(?:${byte}|[A-Za-z0-9\\-]*[A-Za-z0-9]:)\\]`,
  "y",
);
// A word boundary that knows the letters of all scripts, as Python's.
const boundary = new RegExp(`(?<!${word})(?=[A-Za-z0-9_])|(?<=${word})(?![A-Za-z0-9_])`, "uy");
const localSign = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]/;

/** Start and end of each address, in order. */
export function* emailAddresses(text: string): Generator<readonly [start: number, end: number]> {
  let last = 0;
  for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
    domain.lastIndex = at + 1;
    if (at < last || !domain.test(text)) continue;
    const end = domain.lastIndex;
    const start = localStart(text, at, last);
    if (start === undefined) continue;
    yield [start, end];
    last = end;
  }
}

/** Where the part before the @ begins: dots within it are single, and it begins at the edge of a word. */
function localStart(text: string, at: number, from: number): number | undefined {
  if (!localSign.test(text[at - 1] ?? "")) return undefined;
  let first = at;
  while (first > from && isLocal(text, first - 1)) first -= 1;
  for (; first < at; first += 1) {
    boundary.lastIndex = first;
    if (text[first] !== "." && boundary.test(text)) return first;
  }
  return undefined;
}

function isLocal(text: string, place: number): boolean {
  return text[place] === "." ? text[place + 1] !== "." : localSign.test(text[place]!);
}
