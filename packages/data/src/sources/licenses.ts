// Tells which licence a text is by comparing its words with the texts of the SPDX list, as GitHub's `licensee` does.

/** Licences that are compared, by SPDX identifier: those of choosealicense.com, and the ones that are common beside them. */
const candidates =
  `0BSD AFL-3.0 AGPL-3.0 Apache-1.1 Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause BSD-3-Clause-Clear
  BSD-4-Clause BSL-1.0 BlueOak-1.0.0 CC-BY-4.0 CC-BY-NC-4.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CECILL-2.1 ECL-2.0 EPL-1.0
  EPL-2.0 EUPL-1.1 EUPL-1.2 GFDL-1.3 GPL-2.0 GPL-3.0 ISC LGPL-2.1 LGPL-3.0 LPPL-1.3c MIT MIT-0 MPL-1.1 MPL-2.0 MS-PL
  MS-RL MulanPSL-2.0 NCSA ODbL-1.0 OFL-1.1 OSL-3.0 PostgreSQL Python-2.0 UPL-1.0 Unlicense Vim W3C WTFPL Zlib`.split(
    /\s+/,
  );

/** Share of words in common (Sørensen–Dice) above which a text counts as a licence's. */
const threshold = 0.9;
// Longer texts are no licence, or several.
const maxLicenseLength = 200_000;

/** Names of files that hold the licence of the folder they are in: LICENSE, COPYING.md, LICENSE-MIT, but not license.ts. */
export const licenseFile =
  /^(?!.*\.(?!(?:md|txt|rst|html|adoc|mit|bsd|gpl|apache|lesser)$)[a-z]{1,6}$)(?:(?:un)?licen[cs]e|copying|copyright)(?:[-_.][\w.+-]{1,20})?$/i;

interface KnownLicense {
  readonly id: string;
  readonly words: ReadonlySet<string>;
}

let known: Promise<readonly KnownLicense[]> | undefined;

/**
 * SPDX identifier of the licence whose text this is, or of the `SPDX-License-Identifier` that it names; undefined where
 * it is none of the common ones.
 */
export async function detectLicense(text: string): Promise<string | undefined> {
  const named = declaredLicense(text);
  if (named !== undefined) return named;
  if (text.length > maxLicenseLength) return undefined;
  known ??= loadLicenses();
  const words = licenseWords(text);
  let best: { readonly id: string; readonly score: number } | undefined;
  for (const license of await known) {
    const score = similarity(words, license.words);
    if (score >= threshold && score > (best?.score ?? 0)) best = { id: license.id, score };
  }
  return best?.id;
}

/** The licence that a source file names in its head. */
export function declaredLicense(text: string): string | undefined {
  return /SPDX-License-Identifier:\s*\(?([\w.+-]+(?:\s+(?:OR|AND|WITH)\s+[\w.+-]+)*)/.exec(text.slice(0, 4000))?.[1];
}

async function loadLicenses(): Promise<readonly KnownLicense[]> {
  const { default: list } = await import("spdx-license-list/full.js");
  return candidates.flatMap((id) => {
    const text = list[id]?.licenseText;
    return text === undefined ? [] : [{ id, words: licenseWords(text) }];
  });
}

/** The words of a licence without what differs from copy to copy: holders, years, titles, bullets and quotes. */
function licenseWords(text: string): ReadonlySet<string> {
  const lines = text
    .toLowerCase()
    .replace(/<[^<>\n]{0,200}>|\[[^[\]\n]{0,60}\]/g, " ")
    .split("\n")
    .filter(
      (line) =>
        !/^[\s*#/;-]*(?:copyright|©|\(c\))[\s(©\d]/.test(line) && !/^[\s*#/;-]*all rights reserved\.?\s*$/.test(line),
    );
  return new Set(
    lines
      .join(" ")
      .replaceAll("licence", "license")
      .match(/[a-z][a-z'-]+|(?<!\d)\d+\.\d+/g) ?? [],
  );
}

function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let common = 0;
  for (const word of small) if (large.has(word)) common += 1;
  return a.size + b.size === 0 ? 0 : (2 * common) / (a.size + b.size);
}
