// Which elements of a page hold no main text, whatever they say: menus, banners, forms, related links and the like, told by
// their tags, roles and the words in their class and id.
import type { Element } from "domhandler";

const neverText = new Set(
  "head script style noscript template iframe object embed canvas svg math audio video map select button input textarea datalist dialog nav aside footer".split(
    " ",
  ),
);
const boilerplateRoles = new Set(
  "navigation banner contentinfo complementary search dialog alertdialog alert menu menubar toolbar tablist".split(" "),
);

// Words that stand alone between the hyphens, underscores and capitals of a class or id.
const boilerplateWords = wordSet(
  "nav navbar navbox navigation gnav menu submenu megamenu masthead topbar breadcrumb breadcrumbs crumbs pagination pager paginator",
  "sidebar sidenav footer colophon copyright imprint cookie cookies consent gdpr ccpa newsletter subscribe subscription signup login",
  "paywall popup modal lightbox sitenotice share sharing social sharebar addthis follow related recommended recommendations",
  "recirculation trending ad ads adslot adbox advert advertisement advertising sponsored promoted outbrain taboola",
  "comments disqus respond replies trackback pingback taglist catlinks taxonomy byline dateline timestamp editsection",
  "toc hidden visuallyhidden offscreen noprint searchbox cart basket checkout upsell toolbar siteinfo",
);
// Words that say so of small parts only.
const doubtfulWords = wordSet(
  "side widget rail foot bottom legal privacy overlay toast notice alert like likes popular hot sponsor promo promotion banner",
  "comment reply tag tags category categories date meta metadata info author authors avatar signature vote votes votecell rating",
  "ratings stats action actions button buttons print edit download skip jump search filter sort buy price delivery trust carousel",
  "slider gallery online users user flag report caption credit viewed read linked hotlist prev next switch lang module col",
);
/** Longest text of a part that a doubtful word takes out, in characters other than white space. */
export const doubtfulLength = 120;
// Compound names whose parts alone say too little.
const boilerplateNames =
  /(?:most-?(?:read|viewed|popular)|read-?more|also-?(?:like|bought|read)|more-?(?:from|stories|recipes|news|posts)|see-?also|back-?to-?top|post-?form|site-?sub|on-?this-?page|page-?(?:header|footer|tools))/i;
// Words that, at the end of a name, say that it is or surrounds the main text: `comment-body`, `post-info-wrapper`.
const contentWords = wordSet(
  "article content contents main body story text entry post page wrapper container layout highlight highlighter rouge",
);

function wordSet(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.join(" ").split(" "));
}

/** The words of class and id: `siteFooter top-bar` are site, footer, top, bar. */
function nameWords(element: Element): string[] {
  const name = `${element.attribs.class ?? ""} ${element.attribs.id ?? ""}`;
  return name
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== "");
}

/** Whether the tag or its attributes say that an element is never shown as text, or is a part around the main text. */
export function isBoilerplateElement(element: Element): boolean {
  const { name, attribs } = element;
  if (neverText.has(name)) return true;
  if (boilerplateRoles.has((attribs.role ?? "").toLowerCase())) return true;
  if ("hidden" in attribs || attribs["aria-hidden"] === "true") return true;
  return /display\s*:\s*none|visibility\s*:\s*hidden/i.test(attribs.style ?? "");
}

/** How surely the class or id names a part around the main text. */
export function boilerplateName(element: Element): "sure" | "doubtful" | undefined {
  const { class: className, id } = element.attribs;
  if (!className && !id) return undefined;
  if (element.name === "body" || element.name === "main" || element.name === "article") return undefined;
  if (boilerplateNames.test(`${className ?? ""} ${id ?? ""}`)) return "sure";
  const words = nameWords(element);
  if (contentWords.has(words.at(-1) ?? "")) return undefined;
  if (words.some((word) => boilerplateWords.has(word))) return "sure";
  return words.some((word) => doubtfulWords.has(word)) ? "doubtful" : undefined;
}
