// Where a text speaks of groups of people.
import type { Document } from "../document.ts";
import { type Group, type GroupLexicon, groupLexicons } from "./groupLexicon.ts";
import { TermMatcher } from "./termMatcher.ts";
import { wordSpans } from "./textWords.ts";

/** A mention of a group: UTF-16 offsets, the end exclusive. */
export interface GroupMention extends Group {
  readonly term: string;
  readonly start: number;
  readonly end: number;
}

/** Whose words are looked for. */
export interface LexiconOptions {
  /** Lexicons by language. Default: `groupLexicons`. */
  readonly lexicons?: Readonly<Record<string, GroupLexicon>>;
  /** The language of documents without `metadata.language`. Default `"en"`. */
  readonly defaultLanguage?: string;
}

/** Lexicons made ready to find groups in texts of their languages. */
export class GroupFinder {
  readonly #lexicons: Readonly<Record<string, GroupLexicon>>;
  readonly #defaultLanguage: string;
  readonly #matchers = new Map<string, TermMatcher<Group> | undefined>();

  constructor({ lexicons = groupLexicons, defaultLanguage = "en" }: LexiconOptions = {}) {
    this.#lexicons = lexicons;
    this.#defaultLanguage = defaultLanguage;
  }

  /** The language a document is said to have. */
  languageOf({ metadata }: Pick<Document, "metadata">): string {
    return typeof metadata?.language === "string" ? metadata.language : this.#defaultLanguage;
  }

  /** The matcher of a language; undefined where there is no lexicon. */
  matcher(language: string): TermMatcher<Group> | undefined {
    if (!this.#matchers.has(language)) {
      const lexicon = Object.hasOwn(this.#lexicons, language) ? this.#lexicons[language]! : undefined;
      this.#matchers.set(language, lexicon && new TermMatcher(groupTerms(lexicon), language));
    }
    return this.#matchers.get(language);
  }

  /**
   * All mentions of groups in a text, in order; a term that names several groups gives several.
   *
   * @example
   * new GroupFinder().mentions("She met two African Americans.", "en").map(({ group }) => group); // ["female", "black"]
   */
  mentions(text: string, language = this.#defaultLanguage): GroupMention[] {
    const matcher = this.matcher(language);
    if (!matcher) return [];
    const spans = wordSpans(text, language);
    return matcher.find(text, spans).flatMap(({ firstWord, endWord, values }) => {
      const { start } = spans[firstWord]!;
      const { end } = spans[endWord - 1]!;
      return values.map((group) => ({ ...group, term: text.slice(start, end), start, end }));
    });
  }

  /**
   * The group of an attribute that a document mentions most often, `"none"` where it mentions none, `"several"` where none is first:
   * a category for `balanceWeights`.
   */
  mainGroup(document: Document, attribute: string): string {
    const counts = new Map<string, number>();
    for (const mention of this.mentions(document.text, this.languageOf(document))) {
      if (mention.attribute === attribute) counts.set(mention.group, (counts.get(mention.group) ?? 0) + 1);
    }
    const [first, second] = [...counts].sort((a, b) => b[1] - a[1]);
    if (!first) return "none";
    return first[1] === second?.[1] ? "several" : first[0];
  }
}

function* groupTerms(lexicon: GroupLexicon): Generator<readonly [string, Group]> {
  for (const [attribute, groups] of Object.entries(lexicon)) {
    for (const [group, terms] of Object.entries(groups)) {
      for (const term of terms) yield [term, { attribute, group }];
    }
  }
}
